/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_TLS_H
#define REGBUF_TLS_H

/* TLS in the kernel, with the same key on both sides. */

#include <errno.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#ifndef SOL_TLS
#define SOL_TLS		282
#endif

/* Without a key it passes on what there is. */
static inline int rb_tls_layer(int sock)
{
	return setsockopt(sock, SOL_TCP, TCP_ULP, "tls", 4);
}

/* @direction is TLS_TX or TLS_RX. Some kernels have the layer and no cipher. */
static inline int rb_tls_key(int sock, int direction)
{
	struct tls12_crypto_info_aes_gcm_128 key = {
		.info.version = TLS_1_2_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
		.key = "0123456789abcde",
		.salt = "abc",
	};

	return setsockopt(sock, SOL_TLS, direction, &key, sizeof(key)) ?
	       -errno : 0;
}

#endif /* REGBUF_TLS_H */
