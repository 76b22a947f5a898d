/* The command line's HTTP client: see pavane/client.h. */
#include "pavane/client.h"

#include <curl/curl.h>
#include <stdio.h>

#include "pavane/buf.h"

#define ANSWER_MAX (256u << 20)

static size_t
on_bytes(char *p, size_t size, size_t n, void *arg)
{
    struct pav_buf *b = arg;

    pav_buf_put(b, p, size * n);
    return b->over ? 0 : size * n;
}

static struct curl_slist *
header(struct curl_slist *list, const char *name, const char *value)
{
    char line[1024];

    if (value == NULL)
        return list;
    snprintf(line, sizeof(line), "%s%s", name, value);
    return curl_slist_append(list, line);
}

enum pav_rc
pav_client_ask(const char *url, const char *type, const char *target,
               const char *token, const char *body, size_t len,
               struct pav_answer *out, struct pav_err *err)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    struct pav_buf b;
    CURLcode code;
    enum pav_rc rc = PAV_OK;

    if (curl == NULL)
        PAV_BUG("libcurl cannot start");
    pav_buf_init(&b, ANSWER_MAX);
    headers = header(headers, "Content-Type: ", body == NULL ? NULL : type);
    headers = header(headers, "X-Amz-Target: ", target);
    headers = header(headers, "Authorization: Bearer ", token);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &b);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)len);
    }
    code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        rc = pav_fail(err, PAV_IO, url,
                      "no answer (%s): is 'pavane serve' running there? --url "
                      "names another address",
                      curl_easy_strerror(code));
    } else {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
        out->body = pav_buf_take(&b, &out->len);
    }
    pav_buf_fini(&b);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return rc;
}
