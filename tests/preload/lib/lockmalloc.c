/*
 * A malloc that guards one heap with one pthread mutex, through the PLT: it
 * locks from the loader's first allocation on, and contends with itself.
 * Power-of-two size classes over mmap; a free piece links to the next.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { CLASSES = 48, LEAST = 5, CHUNK = 1 << 20 };

typedef struct Head {
	uint32_t class;
	uint32_t magic;
	struct Head *base; /* of the piece: an aligned one begins later */
} Head;

enum { MAGIC = 0x6d616c6c };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static void *freelist[CLASSES];
static char *chunk, *chunkend;

static void *
carve(size_t n)
{
	if(n >= CHUNK) {
		void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return p == MAP_FAILED ? NULL : p;
	}
	if((size_t)(chunkend - chunk) < n) {
		char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if(p == MAP_FAILED)
			return NULL;
		chunk = p;
		chunkend = p + CHUNK;
	}
	void *p = chunk;
	chunk += n;
	return p;
}

static void *
take(size_t align, size_t size)
{
	size_t n = size + align + sizeof(Head);
	uint32_t class = LEAST;

	while(class < CLASSES && ((size_t)1 << class) < n)
		class ++;
	if(class == CLASSES || n < size) {
		errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_lock(&m);
	void *piece = freelist[class];
	if(piece != NULL)
		memcpy(&freelist[class], piece, sizeof(void *));
	else
		piece = carve((size_t)1 << class);
	pthread_mutex_unlock(&m);
	if(piece == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	uintptr_t p = ((uintptr_t)piece + sizeof(Head) + align - 1) & ~(align - 1);
	Head *h = (Head *)p - 1;
	h->class = class;
	h->magic = MAGIC;
	h->base = piece;
	return (void *)p;
}

static size_t
room(void *p)
{
	Head *h = (Head *)p - 1;
	return ((size_t)1 << h->class) - (size_t)((char *)p - (char *)h->base);
}

void *
malloc(size_t n)
{
	return take(16, n);
}

void
free(void *p)
{
	if(p == NULL)
		return;
	Head h = ((Head *)p)[-1];
	if(h.magic != MAGIC)
		__builtin_trap();
	((Head *)p)[-1].magic = 0;
	pthread_mutex_lock(&m);
	memcpy(h.base, &freelist[h.class], sizeof(void *));
	freelist[h.class] = h.base;
	pthread_mutex_unlock(&m);
}

void *
calloc(size_t n, size_t size)
{
	size_t all;
	if(__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	void *p = take(16, all);
	if(p != NULL)
		memset(p, 0, all);
	return p;
}

void *
realloc(void *old, size_t n)
{
	if(old != NULL && n <= room(old))
		return old;
	void *p = take(16, n);
	if(p != NULL && old != NULL) {
		memcpy(p, old, room(old));
		free(old);
	}
	return p;
}

void *
aligned_alloc(size_t align, size_t n)
{
	return take(align < 16 ? 16 : align, n);
}

void *
memalign(size_t align, size_t n)
{
	return aligned_alloc(align, n);
}

int
posix_memalign(void **p, size_t align, size_t n)
{
	*p = aligned_alloc(align, n);
	return *p == NULL ? ENOMEM : 0;
}

size_t
malloc_usable_size(void *p)
{
	return p == NULL ? 0 : room(p);
}
