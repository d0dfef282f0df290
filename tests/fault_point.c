/* SPDX-License-Identifier: MIT */
/*
 * In the tests' program in place of src/move/fault_point.c: CMIGRATE_FAULT=STEP:before|after|undo
 * ends the process there, CMIGRATE_PAUSE stops it until SIGCONT.
 */
#include "move/fault_point.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

void fault_point(const char *step, const char *when)
{
	const char *fault = getenv("CMIGRATE_FAULT"), *pause = getenv("CMIGRATE_PAUSE");
	CLEANUP_FREE char *here = str_fmt("%s:%s", step, when);

	if (fault && strcmp(fault, here) == 0)
		(void)kill(getpid(), SIGKILL);
	if (pause && strcmp(pause, here) == 0)
		(void)kill(getpid(), SIGSTOP);
}
