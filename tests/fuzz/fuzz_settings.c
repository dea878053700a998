#include "settings/problems.h"
#include "text/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct setting_problem *p, void *errors)
{
    const char *const texts[] = {p->file,   p->key,     p->value, p->what,
                                 p->wanted, p->example, p->mend};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i] && !text_is_printable(texts[i]))
            abort();
    *(bool *) errors |= p->severity == SETTING_ERROR;
}

/* Whatever is said can be shown, errors and the result agree, and values in force are read back as
 * they were written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[SETTINGS_WRITE_MAX];
    struct wr w = wr_init(text, sizeof(text));
    struct settings *s, *again;
    unsigned reloads, restarts;
    bool errors = false;
    size_t len;
    int r = settings_load_bytes("/etc/visavis/.env", bytes_of(data, size), look, &errors, &s);

    if ((r == 0) == errors)
        abort();
    if (r < 0)
        return 0;
    settings_write(&w, s);
    if (wr_finish(&w, &len) < 0 || settings_read(bytes_of(text, len), &again) < 0 ||
        settings_changes(s, again, &reloads, &restarts) != 0)
        abort();
    settings_free(again);
    settings_free(s);
    return 0;
}
