// SPDX-License-Identifier: MIT
/* I/O rings: what is done to files, by the thread that submits. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ioring.h"

/* Parts of the memory that are given to one system call. */
#define IORING_IOV	64
#define IORING_SEGMENT	4096U

struct ioring_io {
	const struct ioring_op *op;
	int fd;
	bool write;
	char *addr;		/* NULL: the op's segments */
	UINT64 done;
};

/* What is left, or a part of it. */
static int ioring_iov(const struct ioring_io *io, struct iovec *iov)
{
	const FILE_SEGMENT_ELEMENT *segments = io->op->array;
	UINT64 at = io->done, end = io->op->count;
	UINT32 skip;
	int nr = 0;
	char *page;

	if (io->addr) {
		*iov = (struct iovec){ io->addr + at, end - at };
		return 1;
	}
	for (; nr < IORING_IOV && at < end; at += iov[nr++].iov_len) {
		skip = at % IORING_SEGMENT;
		page = segments[at / IORING_SEGMENT].Buffer;
		iov[nr].iov_base = page + skip;
		iov[nr].iov_len = IORING_SEGMENT - skip;
		if (iov[nr].iov_len > end - at)
			iov[nr].iov_len = end - at;
	}
	return nr;
}

static ssize_t ioring_io_step(const struct ioring_io *io)
{
	struct iovec iov[IORING_IOV];
	int nr = ioring_iov(io, iov), flags = 0;
	off_t at = (off_t)(io->op->offset + io->done);
	ssize_t n;

	if (io->op->mode == FILE_WRITE_FLAGS_WRITE_THROUGH)
		flags = RWF_DSYNC;
	do {
		n = io->write ? pwritev2(io->fd, iov, nr, at, flags) :
				preadv(io->fd, iov, nr, at);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* A descriptor that is open, but not for this. */
static HRESULT ioring_io_error(int err)
{
	return ioring_error(err == EBADF ? EACCES : err);
}

static HRESULT ioring_io_run(struct ioring_io *io)
{
	ssize_t n;

	if (io->op->offset > INT64_MAX - (UINT64)io->op->count)
		return E_INVALIDARG;
	while (io->done < io->op->count) {
		n = ioring_io_step(io);
		if (n < 0)
			return ioring_io_error(errno);
		if (!n)
			break;
		io->done += n;
	}
	if (!io->write && io->op->count && !io->done)
		return HRESULT_FROM_WIN32(ERROR_HANDLE_EOF);
	return S_OK;
}

static HRESULT ioring_file_io(const struct ioring *ring,
			      const struct ioring_op *op, int fd,
			      ULONG_PTR *information)
{
	struct ioring_io io = {
		.op = op,
		.fd = fd,
		.write = op->code == IORING_OP_WRITE ||
			 op->code == IORING_OP_WRITE_GATHER,
	};
	const struct ioring_buffer *buffer;
	HRESULT hr = S_OK;

	if (op->code == IORING_OP_READ || op->code == IORING_OP_WRITE)
		hr = ioring_memory(ring, op, &buffer, &io.addr);
	if (SUCCEEDED(hr))
		hr = ioring_io_run(&io);
	*information = io.done;
	return hr;
}

static HRESULT ioring_file_flush(const struct ioring_op *op, int fd)
{
	int err;

	if (op->mode == FILE_FLUSH_DEFAULT)
		err = fsync(fd);
	else if (op->mode == FILE_FLUSH_NO_SYNC)
		err = sync_file_range(fd, 0, 0,
				      SYNC_FILE_RANGE_WAIT_BEFORE |
				      SYNC_FILE_RANGE_WRITE |
				      SYNC_FILE_RANGE_WAIT_AFTER);
	else
		err = fdatasync(fd);
	return err ? ioring_io_error(errno) : S_OK;
}

HRESULT ioring_file_run(const struct ioring *ring, const struct ioring_op *op,
			int fd, ULONG_PTR *information)
{
	if (op->code == IORING_OP_FLUSH)
		return ioring_file_flush(op, fd);
	return ioring_file_io(ring, op, fd, information);
}
