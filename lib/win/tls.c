// SPDX-License-Identifier: MIT
/* Memory of each thread, by index. */
#include <pthread.h>

#include <processthreadsapi.h>

#include "win.h"

DWORD TlsAlloc(void)
{
	pthread_key_t key;

	if (!pthread_key_create(&key, NULL))
		return key;
	win_refuse(ERROR_NO_SYSTEM_RESOURCES);
	return TLS_OUT_OF_INDEXES;
}

BOOL TlsFree(DWORD index)
{
	return !pthread_key_delete(index) ||
	       win_refuse(ERROR_INVALID_PARAMETER);
}

/* A value may be NULL: the last error says that it is one. */
LPVOID TlsGetValue(DWORD index)
{
	win_refuse(ERROR_SUCCESS);
	return pthread_getspecific(index);
}

BOOL TlsSetValue(DWORD index, LPVOID value)
{
	return !pthread_setspecific(index, value) ||
	       win_refuse(ERROR_INVALID_PARAMETER);
}
