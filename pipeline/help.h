/* pipeline/help.h - 'radpipe help': the verbs, the job file, the families. */
#pragma once
#include "lib/base/status.h"
#include <stdio.h>

void rp_help_overview(FILE *to);
/* help [VERB|job|FAMILY].  Errors: RP_EUSE with the families there are. */
RP_MUST rp_status rp_help(int argc, char **argv);
