/* SPDX-License-Identifier: MIT */
/* What 1.1 had is in 2.2. */
#include "winsock2.h"
