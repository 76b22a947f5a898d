/* What a thread says of itself to the system: see pavane/thread.h. */
#include "pavane/thread.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void
pav_thread_is(const char *name, int nice)
{
    /* Neither is worth a failure: it works as well without. */
    (void)prctl(PR_SET_NAME, name);
    if (nice > 0)
        (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice);
}
