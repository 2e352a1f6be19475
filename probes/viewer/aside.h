/* What the program is to find and its command is not: put aside here, given back in the child. */
#ifndef RENDEZ_ASIDE_H
#define RENDEZ_ASIDE_H

/* The signals that writing may end us with are ignored from now on. */
void asidesignals(void);
/* In the child, before it becomes the program: all as it was. */
void asidereturn(void);

#endif
