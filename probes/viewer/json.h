/* The report as JSON, version 1: the form that other programs read. */
#ifndef RENDEZ_JSON_H
#define RENDEZ_JSON_H

#include <stdio.h>
#include "model.h"

/* 0 if all was written. */
int writejson(FILE *, const Report *);

#endif
