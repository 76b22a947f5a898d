/* What a thread says of itself to the system: see pavane/thread.h. */
#include "pavane/thread.h"

#include <sys/prctl.h>

void
pav_thread_is(const char *name)
{
    (void)prctl(PR_SET_NAME, name); /* it works as well without */
}
