/* SPDX-License-Identifier: MIT */
/* netevent.c: what calls of sockets tell to who selected events of them. */
#ifndef REGBUF_WIN_NETEVENT_H
#define REGBUF_WIN_NETEVENT_H

#include "sock.h"

/* @fd was asked for more: @event is told again. errno stays. */
void win_event_again(int fd, LONG event);

/* It was connected, or not, or listens now: there is more to be told. */
void win_event_connected(int fd, DWORD code);
void win_event_changed(int fd);

/* @peer was accepted by @fd, whose events it has, too. */
void win_event_inherit(int fd, int peer);

/* Does the program get events of it? */
bool win_event_selected(int fd);

#endif /* REGBUF_WIN_NETEVENT_H */
