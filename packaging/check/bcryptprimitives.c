/*
 * Wine 8 has no bcryptprimitives.dll, from which every Go program takes its random
 * numbers. This is the one function, by way of an older one. For tests under Wine
 * only; Windows has its own.
 *
 *   x86_64-w64-mingw32-gcc -shared -o bcryptprimitives.dll bcryptprimitives.c -ladvapi32
 */
#include <windows.h>

/* RtlGenRandom, under the name by which advapi32.dll exports it */
BOOLEAN NTAPI SystemFunction036(void *buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T length)
{
	const SIZE_T most = 1 << 20; /* the length of the older function has 32 bits */

	while (length > 0) {
		ULONG part = length < most ? (ULONG)length : (ULONG)most;
		if (!SystemFunction036(buffer, part))
			return FALSE;
		buffer += part;
		length -= part;
	}
	return TRUE;
}
