// SPDX-License-Identifier: MIT
/* Remote memory, as the program sees it. */
#include <errno.h>
#include <stdlib.h>

#include <ws2san.h>

#include "san.h"

int WSPAPI WSPRegisterRdmaMemory(SOCKET s, PVOID lpBuffer, DWORD dwBufferLength,
				 DWORD dwFlags, LPVOID lpRdmaBufferDescriptor,
				 LPDWORD lpdwDescriptorLength, LPINT lpErrno)
{
	unsigned int access;
	int err = san_access(dwFlags, &access);

	if (!err && !lpdwDescriptorLength)
		err = -EFAULT;
	if (!err)
		err = rdma_expose(san_fd(s), lpBuffer, dwBufferLength, access,
				  lpRdmaBufferDescriptor, lpdwDescriptorLength);
	if (!err)
		return 0;
	*lpErrno = (INT)san_code(err);
	return SOCKET_ERROR;
}

int WSPAPI WSPDeregisterRdmaMemory(SOCKET s, LPVOID lpRdmaBufferDescriptor,
				   DWORD dwDescriptorLength, LPINT lpErrno)
{
	int err = rdma_withdraw(san_fd(s), lpRdmaBufferDescriptor,
				dwDescriptorLength);

	if (!err)
		return 0;
	*lpErrno = (INT)san_code(err);
	return SOCKET_ERROR;
}

static struct san_segment *rdma_segments(const WSABUFEX *buffers, DWORD nr)
{
	struct san_segment *segments = calloc(nr ? nr : 1, sizeof(*segments));
	DWORD i;

	for (i = 0; segments && i < nr; i++) {
		segments[i].addr = buffers[i].buf;
		segments[i].length = buffers[i].len;
		segments[i].handle = (uintptr_t)buffers[i].handle;
	}
	return segments;
}

static int rdma_do(struct rdma_job *job, const WSABUFEX *buffers)
{
	int err;

	if (job->nr > SAN_MAX_SEGMENTS)
		return -EMSGSIZE;
	if (job->nr && !buffers)
		return -EFAULT;
	job->segments = rdma_segments(buffers, job->nr);
	if (!job->segments)
		return -ENOMEM;
	err = rdma_transfer(job);
	free(job->segments);
	return err;
}

static int rdma_call(struct rdma_job *job, const WSABUFEX *buffers,
		     LPDWORD bytes, DWORD flags, LPWSAOVERLAPPED overlapped,
		     bool routine, LPINT error)
{
	int err;

	if (flags || routine)
		err = flags ? -EINVAL : -EOPNOTSUPP;
	else
		err = rdma_do(job, buffers);
	if (err) {
		*error = (INT)san_code(err);
		return SOCKET_ERROR;
	}
	if (bytes)
		*bytes = job->length;
	san_complete(overlapped, job->length);
	return 0;
}

int WSPAPI WSPRdmaWrite(SOCKET s, LPWSABUFEX lpBuffers, DWORD dwBufferCount,
			LPVOID lpTargetBufferDescriptor,
			DWORD dwTargetDescriptorLength,
			DWORD dwTargetBufferOffset,
			LPDWORD lpdwNumberOfBytesWritten, DWORD dwFlags,
			LPWSAOVERLAPPED lpOverlapped,
			LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine,
			LPWSATHREADID lpThreadId, LPINT lpErrno)
{
	struct rdma_job job = {
		.sock = san_fd(s),
		.write = true,
		.nr = dwBufferCount,
		.descriptor = lpTargetBufferDescriptor,
		.descriptor_length = dwTargetDescriptorLength,
		.offset = dwTargetBufferOffset,
	};

	(void)lpThreadId;
	return rdma_call(&job, lpBuffers, lpdwNumberOfBytesWritten, dwFlags,
			 lpOverlapped, lpCompletionRoutine != NULL, lpErrno);
}

int WSPAPI WSPRdmaRead(SOCKET s, LPWSABUFEX lpBuffers, DWORD dwBufferCount,
		       LPVOID lpTargetBufferDescriptor,
		       DWORD dwTargetDescriptorLength,
		       DWORD dwTargetBufferOffset,
		       LPDWORD lpdwNumberOfBytesRead, DWORD dwFlags,
		       LPWSAOVERLAPPED lpOverlapped,
		       LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine,
		       LPWSATHREADID lpThreadId, LPINT lpErrno)
{
	struct rdma_job job = {
		.sock = san_fd(s),
		.nr = dwBufferCount,
		.descriptor = lpTargetBufferDescriptor,
		.descriptor_length = dwTargetDescriptorLength,
		.offset = dwTargetBufferOffset,
	};

	(void)lpThreadId;
	return rdma_call(&job, lpBuffers, lpdwNumberOfBytesRead, dwFlags,
			 lpOverlapped, lpCompletionRoutine != NULL, lpErrno);
}
