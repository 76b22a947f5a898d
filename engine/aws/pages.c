/*
 * Pages of names: what a nextToken is.
 */
#include <string.h>

#include "pavane/digest.h"
#include "turn/turn.h"
#include "pages.h"

#define PAGE_MAX 1000

uint32_t
control_page_size(struct control *c)
{
    int64_t n = pav_doc_member_int(c->j->request, "maxResults");

    return n <= 0 ? 100 : n > PAGE_MAX ? PAGE_MAX : (uint32_t)n;
}

/*
 * A page's token is "ACTION NAME" in Base64: behind which name the next page
 * begins, and of which list.  NULL after the job has failed.
 */
const char *
control_page_start(struct control *c)
{
    const char *token = control_text(
        c, strchr(c->j->action, ':') == NULL ? "nextToken" : "NextToken");
    size_t len, action = strlen(c->j->action);
    char *text;

    if (token == NULL)
        return "";
    text = pav_arena_zalloc(c->a, strlen(token) + 4);
    if (pav_base64_decode(token, strlen(token), text, &len) && len > action &&
        memcmp(text, c->j->action, action) == 0 && text[action] == ' ' &&
        memchr(text, 0, len) == NULL) {
        text[len] = '\0';
        return text + action + 1;
    }
    job_fail(&c->j->job, PAV_INVALID, "InvalidToken", "nextToken",
             "Invalid Token: 'Invalid token'");
    return NULL;
}

void
control_page_next(struct control *c, const char *name)
{
    char *text = pav_arena_printf(c->a, "%s %s", c->j->action, name);
    size_t room = (strlen(text) + 2) / 3 * 4 + 1;
    char *token = pav_arena_zalloc(c->a, room);

    pav_base64(text, strlen(text), token);
    pav_members_str(
        &c->out, strchr(c->j->action, ':') == NULL ? "nextToken" : "NextToken",
        token);
}
