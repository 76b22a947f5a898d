/* The log: see pavane/log.h. */
#include "pavane/log.h"

#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pavane/text.h"

#define LINE_MAX_LEN 2048

static atomic_int min_level = PAV_LOG_INFO; /* any thread logs */

void
pav_log_level(enum pav_level min)
{
    atomic_store_explicit(&min_level, (int)min, memory_order_relaxed);
}

/* Append `s`, escaped, in quotes when it holds blanks. */
static size_t
put_value(char *out, size_t room, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    int quoted = strpbrk(s, " \"=") != NULL || *s == '\0';

    if (quoted && n < room)
        out[n++] = '"';
    for (; *s != '\0' && n + 6 < room; s++) {
        unsigned char c = (unsigned char)*s;

        if (c < 0x20 || c == 0x7f) {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        } else {
            if (c == '"' || c == '\\')
                out[n++] = '\\';
            out[n++] = (char)c;
        }
    }
    if (quoted && n < room)
        out[n++] = '"';
    return n;
}

static size_t
put_pair(char *out, size_t room, const char *key, const char *value)
{
    size_t n;

    if (value == NULL || room < strlen(key) + 3)
        return 0;
    n = (size_t)snprintf(out, room, " %s=", key);
    return n + put_value(out + n, room - n, value);
}

void
pav_log(enum pav_level level, const struct pav_log_ctx *ctx, const char *fmt,
        ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[LINE_MAX_LEN + 8], message[1024], when[PAV_TIME_LEN];
    struct timespec ts;
    size_t n;
    va_list ap;

    if ((int)level < atomic_load_explicit(&min_level, memory_order_relaxed))
        return;
    clock_gettime(CLOCK_REALTIME, &ts);
    pav_time_format((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, when);
    n = (size_t)snprintf(line, LINE_MAX_LEN, "ts=%s level=%s", when,
                         names[level]);
    if (ctx != NULL) {
        n += put_pair(line + n, LINE_MAX_LEN - n, "machine", ctx->machine);
        n += put_pair(line + n, LINE_MAX_LEN - n, "execution", ctx->execution);
        n += put_pair(line + n, LINE_MAX_LEN - n, "event", ctx->event);
    }
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    n += put_pair(line + n, LINE_MAX_LEN - n, "msg", message);
    line[n++] = '\n';
    fwrite(line, 1, n, stderr);
}
