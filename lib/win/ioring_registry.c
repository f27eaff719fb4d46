// SPDX-License-Identifier: MIT
/* I/O rings: files and buffers that are named by index. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ioring.h"

/* Handles are above, sockets' descriptors below. */
#define IORING_HANDLES	0x10000000U

/* In ioring_file.sock: the index names nothing; a socket that was closed. */
#define IORING_SPARSE	(-1)
#define IORING_CLOSED	(-2)

static bool ioring_is_socket(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

static HRESULT ioring_handle_get(HANDLE handle, struct ioring_file *file)
{
	*file = (struct ioring_file){ .sock = IORING_SPARSE };
	if ((uintptr_t)handle < IORING_HANDLES)
		file->sock = (int)(uintptr_t)handle;
	else
		file->obj = win_handle_get(handle, WIN_FILE);
	return file->obj || file->sock >= 0 ? S_OK : E_HANDLE;
}

void ioring_file_put(struct ioring_file *file)
{
	if (file->obj)
		win_object_put(file->obj);
	file->obj = NULL;
}

static HRESULT ioring_named_get(const struct ioring_files *files, UINT32 index,
				struct ioring_file *file)
{
	if (index >= files->nr)
		return E_INVALIDARG;
	*file = files->entries[index];
	if (file->obj)
		win_object_get(file->obj);
	else if (file->sock == IORING_CLOSED)
		return E_HANDLE;
	else if (file->sock == IORING_SPARSE)
		return E_INVALIDARG;
	return S_OK;
}

HRESULT ioring_file_get(const struct ioring *ring, const IORING_HANDLE_REF *ref,
			struct ioring_file *file)
{
	if (ref->Kind == IORING_REF_RAW)
		return ioring_handle_get(ref->Handle.Handle, file);
	return ioring_named_get(&ring->files, ref->Handle.Index, file);
}

static void ioring_files_free(struct ioring_files *files)
{
	UINT32 i;

	for (i = 0; i < files->nr; i++)
		ioring_file_put(&files->entries[i]);
	free(files->entries);
}

static HRESULT ioring_file_add(struct ioring_files *files, HANDLE handle)
{
	struct ioring_file *file = &files->entries[files->nr];
	HRESULT hr = S_OK;

	*file = (struct ioring_file){ .sock = IORING_SPARSE };
	if (handle != INVALID_HANDLE_VALUE)
		hr = handle ? ioring_handle_get(handle, file) : E_HANDLE;
	if (SUCCEEDED(hr) && file->sock >= 0 && !ioring_is_socket(file->sock))
		hr = E_HANDLE;
	if (SUCCEEDED(hr))
		files->nr++;
	return hr;
}

HRESULT ioring_register_files(struct ioring *ring, const struct ioring_op *op)
{
	const HANDLE *handles = op->array;
	struct ioring_files files = { 0 };
	HRESULT hr = S_OK;

	if (op->count) {
		files.entries = calloc(op->count, sizeof(*files.entries));
		if (!files.entries)
			return E_OUTOFMEMORY;
	}
	while (files.nr < op->count && SUCCEEDED(hr))
		hr = ioring_file_add(&files, handles[files.nr]);
	if (FAILED(hr)) {
		ioring_files_free(&files);
		return hr;
	}
	ioring_files_free(&ring->files);
	ring->files = files;
	return S_OK;
}

void ioring_forget(struct ioring *ring, int sock)
{
	struct ioring_file *file;
	UINT32 i;

	for (i = 0; i < ring->files.nr; i++) {
		file = &ring->files.entries[i];
		if (!file->obj && file->sock == sock)
			file->sock = IORING_CLOSED;
	}
}

static void ioring_buffers_free(const struct ioring *ring,
				struct ioring_buffers *buffers)
{
	UINT32 i;

	for (i = 0; i < buffers->nr; i++)
		if (buffers->entries[i].id)
			regbuf_deregister(ring->rb, buffers->entries[i].id);
	free(buffers->entries);
}

static int ioring_register(struct ioring *ring, struct ioring_buffer *buffer)
{
	return regbuf_register(ring->rb, buffer->addr, buffer->length,
			       REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
			       &buffer->id);
}

/* Raw memory that is kept for the next time must not be in the way. */
static HRESULT ioring_pin(struct ioring *ring, struct ioring_buffer *buffer)
{
	int err = ioring_context(ring);

	if (!err)
		err = ioring_register(ring, buffer);
	if (err == -ENOBUFS && ring->cache) {
		regbuf_cache_flush(ring->cache);
		err = ioring_register(ring, buffer);
	}
	return err ? ioring_error(-err) : S_OK;
}

static HRESULT ioring_buffer_add(struct ioring *ring,
				 struct ioring_buffers *buffers,
				 const IORING_BUFFER_INFO *info)
{
	struct ioring_buffer *buffer = &buffers->entries[buffers->nr];
	HRESULT hr = S_OK;

	*buffer = (struct ioring_buffer){
		.addr = info->Address,
		.length = info->Length,
		.used = info->Address,
	};
	if (!info->Address && info->Length)
		hr = E_INVALIDARG;
	else if (info->Length)
		hr = ioring_pin(ring, buffer);
	if (SUCCEEDED(hr))
		buffers->nr++;
	return hr;
}

/* What stays registered is pinned all the time: the new ones come first. */
HRESULT ioring_register_buffers(struct ioring *ring, const struct ioring_op *op)
{
	const IORING_BUFFER_INFO *infos = op->array;
	struct ioring_buffers buffers = { 0 };
	HRESULT hr = S_OK;

	if (op->count) {
		buffers.entries = calloc(op->count, sizeof(*buffers.entries));
		if (!buffers.entries)
			return E_OUTOFMEMORY;
	}
	while (buffers.nr < op->count && SUCCEEDED(hr))
		hr = ioring_buffer_add(ring, &buffers, &infos[buffers.nr]);
	if (FAILED(hr)) {
		ioring_buffers_free(ring, &buffers);
		return hr;
	}
	/* What came before names them by their ids. */
	ioring_sock_flush(ring);
	ioring_buffers_free(ring, &ring->buffers);
	ring->buffers = buffers;
	return S_OK;
}

void ioring_unregister(struct ioring *ring)
{
	ioring_files_free(&ring->files);
	ioring_buffers_free(ring, &ring->buffers);
}

HRESULT ioring_memory(const struct ioring *ring, const struct ioring_op *op,
		      const struct ioring_buffer **buffer, char **addr)
{
	const IORING_REGISTERED_BUFFER *at = &op->buffer.Buffer.IndexAndOffset;

	*buffer = NULL;
	if (op->buffer.Kind == IORING_REF_RAW) {
		*addr = op->buffer.Buffer.Address;
		return S_OK;
	}
	if (at->BufferIndex >= ring->buffers.nr)
		return E_INVALIDARG;
	*buffer = &ring->buffers.entries[at->BufferIndex];
	if (!(*buffer)->used || at->Offset > (*buffer)->length ||
	    op->count > (*buffer)->length - at->Offset)
		return E_INVALIDARG;
	*addr = (char *)(*buffer)->addr + at->Offset;
	return S_OK;
}
