/* Calls of malloc and its kin since the program began, by anyone in it. */
#ifndef COUNT_MALLOC_H
#define COUNT_MALLOC_H
extern long malloc_calls;
#endif
