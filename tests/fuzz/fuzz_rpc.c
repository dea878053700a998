/* A script of script_kit.h into the dispatcher of RPC methods. A line begins with what it is:
 * '0'..'3' that client sends the rest as a text frame; '-' and a digit: its socket breaks; '+' so
 * many characters, so many seconds pass; '*' the media daemon goes, or comes back; '=' it answers
 * what it has been asked (as after every other line, but not after one that ends in a space); '!'
 * with errors. */
#include "tests/unit/signaling/script_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct bytes line)
{
    static const int codes[] = {302, 800, 105, -32602};

    if (line.len > 0 && line.p[0] == '!')
        kit_answer_all(line.len % 2 ? -EREMOTEIO : -ETIMEDOUT, codes[line.len / 2 % 4]);
    else if (line.len == 0 || line.p[line.len - 1] != ' ')
        kit_answer_all(0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), line;
    uint64_t now_us = 1000000;

    script_start();
    while (script_next(&rest, &line)) {
        uint8_t kind = line.len ? line.p[0] : 0, who = line.len > 1 ? line.p[1] & 3 : 0;

        if (kind >= '0' && kind <= '3')
            actor_say(&actors[kind - '0'], script_line(bytes_of(line.p + 1, line.len - 1)));
        else if (kind == '-' && actors[who].open)
            actor_close(&actors[who]);
        else if (kind == '+')
            clock_fake(now_us += line.len * 1000000);
        else if (kind == '*')
            kit_media_ready = !kit_media_ready;
        clients_sweep(&app.clients);
        answer(line);
    }
    script_stop();
    return 0;
}
