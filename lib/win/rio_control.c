// SPDX-License-Identifier: MIT
/*
 * What RIOSendEx and RIOReceiveEx have besides data: addresses, control data,
 * flags.
 */
#include <string.h>
#include <sys/mman.h>

#include <ws2ipdef.h>

#include "rio.h"

#define RIO_CMSG_BASE	8u	/* RIO_CMSG_BASE_SIZE */

static bool rio_slice_fits(const RIO_BUF *buf, uint32_t least, DWORD *code)
{
	if (!buf)
		return true;
	if (!rio_slice_good(buf))
		*code = WSAEFAULT;
	else if (buf->Length < least)
		*code = WSAEINVAL;
	return !*code;
}

DWORD rio_names_check(enum rio_direction direction,
		      const struct rio_names *names)
{
	DWORD code = 0;

	if (direction == RIO_SEND && names->local)
		return WSAEINVAL;
	if (rio_slice_fits(names->local, REGBUF_ADDR_SIZE, &code) &&
	    rio_slice_fits(names->remote, REGBUF_ADDR_SIZE, &code) &&
	    rio_slice_fits(names->control, sizeof(RIO_CMSG_BUFFER), &code))
		rio_slice_fits(names->flags, sizeof(DWORD), &code);
	return code;
}

static void rio_name_remote(struct rio_lane *lane, struct regbuf_sqe *sqe,
			    const RIO_BUF *remote)
{
	if (remote && !lane->rq->stream)
		regbuf_sqe_addr(sqe, (uintptr_t)remote->BufferId,
				remote->Offset);
}

/* The size of segments is not among Linux' control data as a DWORD. */
static DWORD rio_segment(const WSACMSGHDR *cmsg, struct regbuf_ext *ext)
{
	DWORD size;

	if (cmsg->cmsg_len < WSA_CMSG_LEN(sizeof(size)))
		return WSAEINVAL;
	memcpy(&size, WSA_CMSG_DATA(cmsg), sizeof(size));
	if (size > UINT16_MAX)
		return WSAEINVAL;
	ext->segment = (uint16_t)size;
	return 0;
}

/* One item; all others are Linux' own. */
static DWORD rio_control_add(struct rio_extra *extra, const WSACMSGHDR *cmsg)
{
	struct regbuf_ext *ext = &extra->ext;
	uint32_t space;

	if (cmsg->cmsg_level == IPPROTO_UDP &&
	    cmsg->cmsg_type == UDP_SEND_MSG_SIZE)
		return rio_segment(cmsg, ext);
	space = WSA_CMSGHDR_ALIGN(cmsg->cmsg_len);
	if (space > sizeof(extra->bytes) - ext->ctl_length)
		return WSAEINVAL;
	memcpy(extra->bytes + ext->ctl_length, cmsg, cmsg->cmsg_len);
	ext->ctl_length += space;
	return 0;
}

/* @left: bytes of items at @at. */
static DWORD rio_control_copy(struct rio_extra *extra, const char *at,
			      uint32_t left)
{
	const WSACMSGHDR *cmsg;
	SIZE_T space;
	DWORD code;

	memset(extra->bytes, 0, sizeof(extra->bytes));
	while (left >= sizeof(*cmsg)) {
		cmsg = (const WSACMSGHDR *)at;
		if (cmsg->cmsg_len < sizeof(*cmsg) || cmsg->cmsg_len > left)
			return WSAEINVAL;
		code = rio_control_add(extra, cmsg);
		if (code)
			return code;
		space = WSA_CMSGHDR_ALIGN(cmsg->cmsg_len);
		if (space >= left)
			break;
		at += space;
		left -= space;
	}
	return 0;
}

static void rio_ext_init(struct regbuf_ext *ext)
{
	memset(ext, 0, sizeof(*ext));
	ext->size = sizeof(*ext);
}

static DWORD rio_control_send(struct rio_extra *extra, struct regbuf_sqe *sqe,
			      const RIO_BUF *control)
{
	const char *at = rio_slice_at(control);
	DWORD total, code;

	memcpy(&total, at, sizeof(total));
	if (total > control->Length)
		return WSAEINVAL;
	rio_ext_init(&extra->ext);
	if (total > RIO_CMSG_BASE) {
		code = rio_control_copy(extra, at + RIO_CMSG_BASE,
					total - RIO_CMSG_BASE);
		if (code)
			return code;
	}
	if (extra->ext.ctl_length)
		extra->ext.ctl_id = (uintptr_t)extra->bytes;
	if (extra->ext.ctl_length || extra->ext.segment)
		sqe->ext = (uintptr_t)&extra->ext;
	return 0;
}

DWORD rio_names_send(struct rio_lane *lane, struct regbuf_sqe *sqe,
		     uint32_t number, const struct rio_names *names)
{
	rio_name_remote(lane, sqe, names->remote);
	if (!names->control || lane->rq->stream)
		return 0;
	return rio_control_send(&lane->cq->extras[number], sqe,
				names->control);
}

static DWORD rio_area_make(struct rio_area *area)
{
	size_t size = RIO_AREA_NR * RIO_AREA_EACH;
	int err;

	area->mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area->mem == MAP_FAILED) {
		area->mem = NULL;
		return WSAENOBUFS;
	}
	err = regbuf_register(rio_buffers.rb, area->mem, size,
			      REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
			      &area->id);
	if (!err)
		return 0;
	munmap(area->mem, size);
	area->mem = NULL;
	return win_wsa_code(-err);
}

void rio_areas_free(struct rio_cq *cq)
{
	size_t size = RIO_AREA_NR * RIO_AREA_EACH;
	struct rio_area *area;
	uint32_t i;

	if (!cq->areas)
		return;
	for (i = 0; i * RIO_AREA_NR < cq->fresh; i++) {
		area = &cq->areas[i];
		if (!area->mem)
			continue;
		regbuf_deregister(rio_buffers.rb, area->id);
		munmap(area->mem, size);
		area->mem = NULL;
	}
}

/* Control data of the library's own: where the datagram was sent to. */
static DWORD rio_control_own(struct rio_cq *cq, uint32_t number)
{
	struct rio_area *area = &cq->areas[number / RIO_AREA_NR];
	uint32_t offset = number % RIO_AREA_NR * RIO_AREA_EACH;
	struct regbuf_ext *ext = &cq->extras[number].ext;
	DWORD code = area->mem ? 0 : rio_area_make(area);

	if (code)
		return code;
	ext->ctl_id = area->id;
	ext->ctl_offset = offset;
	ext->ctl_length = RIO_AREA_EACH;
	return 0;
}

static void rio_control_theirs(struct regbuf_ext *ext, const RIO_BUF *control)
{
	uint32_t room = control->Length - RIO_CMSG_BASE;

	ext->ctl_id = (uintptr_t)control->BufferId;
	ext->ctl_offset = control->Offset + RIO_CMSG_BASE;
	ext->ctl_length = room < REGBUF_MAX_CONTROL ? room : REGBUF_MAX_CONTROL;
}

static DWORD rio_control_recv(struct rio_lane *lane, struct regbuf_sqe *sqe,
			      uint32_t number, const struct rio_names *names)
{
	struct regbuf_ext *ext = &lane->cq->extras[number].ext;
	DWORD code = 0;

	rio_ext_init(ext);
	if (names->local && !lane->rq->pktinfo) {
		rio_socket_pktinfo(lane->rq->sock);
		lane->rq->pktinfo = true;
	}
	if (names->control && names->control->Length > RIO_CMSG_BASE)
		rio_control_theirs(ext, names->control);
	else if (names->local)
		code = rio_control_own(lane->cq, number);
	if (ext->ctl_length)
		sqe->ext = (uintptr_t)ext;
	return code;
}

static void rio_place_set(struct rio_place *place, const RIO_BUF *buf)
{
	place->at = NULL;
	if (!buf)
		return;
	place->id = (uintptr_t)buf->BufferId;
	place->at = rio_slice_at(buf);
	place->length = buf->Length;
}

DWORD rio_names_recv(struct rio_lane *lane, struct regbuf_sqe *sqe,
		     uint32_t number, const struct rio_names *names)
{
	struct rio_extra *extra = &lane->cq->extras[number];

	lane->cq->records[number].extra = names->local || names->control ||
					  names->flags;
	rio_name_remote(lane, sqe, names->remote);
	rio_place_set(&extra->local, lane->rq->stream ? NULL : names->local);
	rio_place_set(&extra->control,
		      lane->rq->stream ? NULL : names->control);
	rio_place_set(&extra->flags, names->flags);
	return lane->rq->stream ? 0 : rio_control_recv(lane, sqe, number,
						       names);
}

/* Programs free what they receive into; then there is nothing to write to. */
static bool rio_place_wants(const struct rio_place *place)
{
	return place->at && rio_buffer_live(place->id);
}

/* Windows has an INT where Linux has a byte, with as much room behind it. */
static void rio_control_widen(char *at, uint32_t length)
{
	WSACMSGHDR *cmsg;
	INT value;

	while (length >= sizeof(*cmsg)) {
		cmsg = (WSACMSGHDR *)at;
		if (cmsg->cmsg_len < sizeof(*cmsg) || cmsg->cmsg_len > length)
			return;
		if (cmsg->cmsg_level == IPPROTO_IP &&
		    cmsg->cmsg_type == IP_TOS &&
		    cmsg->cmsg_len == WSA_CMSG_LEN(1)) {
			value = *WSA_CMSG_DATA(cmsg);
			memcpy(WSA_CMSG_DATA(cmsg), &value, sizeof(value));
			cmsg->cmsg_len = WSA_CMSG_LEN(sizeof(value));
		}
		if (WSA_CMSGHDR_ALIGN(cmsg->cmsg_len) >= length)
			return;
		at += WSA_CMSGHDR_ALIGN(cmsg->cmsg_len);
		length -= WSA_CMSGHDR_ALIGN(cmsg->cmsg_len);
	}
}

/* Does it have more than a head? If not, what is there is the library's own. */
static bool rio_control_is_theirs(const struct rio_place *place)
{
	return place->at && place->length > RIO_CMSG_BASE;
}

static void rio_control_done(const struct rio_place *place,
			     const struct regbuf_cqe *cqe)
{
	DWORD total = place->length < RIO_CMSG_BASE ? 0 : RIO_CMSG_BASE;

	if (rio_control_is_theirs(place)) {
		total += cqe->ctl_length;
		rio_control_widen(place->at + RIO_CMSG_BASE, cqe->ctl_length);
	}
	memcpy(place->at, &total, sizeof(total));
}

/* The control data of a receive; NULL if they are gone. */
static const char *rio_control_at(const struct rio_cq *cq, uint32_t number)
{
	const struct rio_extra *extra = &cq->extras[number];

	if (!extra->ext.ctl_length)
		return NULL;
	if (!rio_control_is_theirs(&extra->control))
		return cq->areas[number / RIO_AREA_NR].mem +
		       extra->ext.ctl_offset;
	return rio_place_wants(&extra->control) ?
	       extra->control.at + RIO_CMSG_BASE : NULL;
}

/* The socket's address, but of the datagram where that says nothing. */
static void rio_local_done(struct rio_cq *cq, uint32_t number,
			   const struct regbuf_cqe *cqe)
{
	const struct rio_extra *extra = &cq->extras[number];
	struct rio_rq *rq = cq->records[number].rq;
	const SOCKADDR_IN *sin = (const SOCKADDR_IN *)rq->name;
	const char *control = rio_control_at(cq, number);
	char name[REGBUF_ADDR_SIZE];

	/*
	 * The port is at the same place in all of them. A closed socket's
	 * descriptor may be another's.
	 */
	if (!sin->sin_port && rq->obj.handle)
		rio_socket_name(rq->sock, rq->name);
	memcpy(name, rq->name, sizeof(name));
	if (control)
		rio_socket_local(control, cqe->ctl_length, name);
	memcpy(extra->local.at, name, sizeof(name));
}

void rio_names_done(struct rio_cq *cq, uint32_t number,
		    const struct regbuf_cqe *cqe)
{
	const struct rio_extra *extra = &cq->extras[number];
	DWORD flags = 0;

	if (cqe->flags & REGBUF_CQE_F_TRUNC)
		flags |= MSG_TRUNC;
	if (cqe->flags & REGBUF_CQE_F_CTRUNC)
		flags |= MSG_CTRUNC;
	if (rio_place_wants(&extra->local) && !cqe->error)
		rio_local_done(cq, number, cqe);
	if (rio_place_wants(&extra->control))
		rio_control_done(&extra->control, cqe);
	if (rio_place_wants(&extra->flags))
		memcpy(extra->flags.at, &flags, sizeof(flags));
}
