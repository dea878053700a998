/* A script of script_kit.h into the REST API: "METHOD TARGET BODY" a line; a body that begins with
 * '=' comes as a form. A line that begins with a digit is a client's text frame. Every request must
 * be answered once. */
#include "tests/unit/signaling/rest_kit.h"
#include "tests/unit/signaling/script_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(char *text)
{
    char *target = text + strcspn(text, " "), *body;
    unsigned before = kit_answers;

    target += *target ? (*target = '\0', 1) : 0;
    body = target + strcspn(target, " ");
    body += *body ? (*body = '\0', 1) : 0;
    if (!rest_kit_send(text, target,
                       *body == '=' ? "application/x-www-form-urlencoded" : "application/json",
                       bytes_str(body)))
        return;
    kit_answer_all(0, 0);
    if (kit_answers == before)
        rest_kit_wait();
    if (kit_answers != before + 1 || kit_status < 200 || kit_status > 599)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), line;

    script_start();
    while (script_next(&rest, &line)) {
        struct bytes text = script_line(line);

        if (text.len > 0 && text.p[0] >= '0' && text.p[0] <= '3')
            actor_say(&actors[text.p[0] - '0'], bytes_of(text.p + 1, text.len - 1));
        else
            request((char *) text.p);
        kit_answer_all(0, 0);
    }
    script_stop();
    return 0;
}
