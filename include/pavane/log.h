/*
 * The log: one line of key=value on standard error for each decision and
 * transition.  Control characters are escaped; ids are in front.  Thread
 * safe.  Never log a token, a body or a secret.
 */
#ifndef PAVANE_LOG_H
#define PAVANE_LOG_H

enum pav_level { PAV_LOG_DEBUG, PAV_LOG_INFO, PAV_LOG_WARN, PAV_LOG_ERROR };

/* What the line is about; any member may be NULL. */
struct pav_log_ctx {
    const char *machine;
    const char *execution;
    const char *event;
};

void pav_log_level(enum pav_level min);
void pav_log(enum pav_level level, const struct pav_log_ctx *ctx,
             const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
