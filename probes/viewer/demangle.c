/* Demangling by the C++ runtime's own function, and cutting a signature down to its name. */
#include "demangle.h"

#include <stdlib.h>
#include <string.h>

/* From libstdc++ (the C++ ABI says so: 3.4). */
extern char *__cxa_demangle(const char *mangled, char *buf, size_t *n, int *status);

/* Whether the text before s ends in "operator", so that what follows is a name and no bracket. */
static int
afteroperator(const char *begin, const char *s)
{
	return s - begin >= 8 && memcmp(s - 8, "operator", 8) == 0 && (s - begin == 8 || s[-9] == ':' || s[-9] == ' ');
}

/* The parameter list of a signature: its bracket is the last one that opens outside all others. */
static const char *
parameters(const char *sig)
{
	const char *s, *found = NULL;
	int depth = 0;

	for(s = sig; *s; s++) {
		if(strncmp(s, "operator", 8) == 0 && (s[8] == '<' || s[8] == '>' || s[8] == '-' || s[8] == '(')) {
			s += 8;
			if(s[0] == '(' && s[1] == ')')
				s++;
			else
				while(strchr("<>=-", s[1]) != NULL && s[1] != 0)
					s++;
			continue;
		}
		if(*s == '(' && depth == 0 && strncmp(s, "(anonymous namespace)", 21) != 0)
			found = s;
		if(*s == '(' || *s == '<' || *s == '{' || *s == '[')
			depth++;
		else if((*s == ')' || *s == '>' || *s == '}' || *s == ']') && depth > 0)
			depth--;
	}
	return found;
}

const char *
nameonly(Arena *a, const char *sig)
{
	const char *end = parameters(sig), *begin = sig, *s;
	char *out;
	int depth = 0;

	if(end == NULL || end == sig)
		return sig;
	/* a return type, which only templates have, ends at the last blank outside brackets */
	for(s = sig; s < end; s++) {
		if(*s == ' ' && depth == 0 && !afteroperator(sig, s) && s + 1 < end)
			begin = s + 1;
		if(strncmp(s, "operator", 8) == 0 && afteroperator(sig, s + 8))
			break;
		if(*s == '(' || *s == '<' || *s == '{' || *s == '[')
			depth++;
		else if((*s == ')' || *s == '>' || *s == '}' || *s == ']') && depth > 0)
			depth--;
	}
	while(*begin == '*' || *begin == '&')
		begin++;
	out = aalloc(a, (size_t)(end - begin) + 1);
	memcpy(out, begin, (size_t)(end - begin));
	return out;
}

const char *
demanglewhole(Arena *a, const char *symbol)
{
	const char *whole;
	char *s, *at;
	size_t n = strcspn(symbol, "@");
	int status;

	at = aalloc(a, n + 1);
	memcpy(at, symbol, n);
	if(strncmp(at, "_Z", 2) != 0)
		return aclean(a, at, n);
	s = __cxa_demangle(at, NULL, NULL, &status);
	if(s == NULL)
		return aclean(a, at, n);
	whole = aclean(a, s, strlen(s));
	free(s);
	return whole;
}

const char *
demangle(Arena *a, const char *symbol)
{
	const char *whole = demanglewhole(a, symbol);

	return strncmp(symbol, "_Z", 2) == 0 ? nameonly(a, whole) : whole;
}
