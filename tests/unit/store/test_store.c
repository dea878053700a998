/* Both kinds behave alike. */
#include "store_kit.h"

/* The kind under test: its address; how to look at it as the next process would. */
struct kind {
    const char *address;
    bool again; /* what is committed outlives the store */
};

static struct kind memory = {"memory", false}, redis = {kit_address, true};
static struct store *store;

static void on_rewrite(struct store *st, void *arg)
{
    (void) st;
    (void) arg;
    fail_msg("nothing is to be written anew");
}

static const struct store_handlers handlers = {.on_rewrite = on_rewrite};

static void open_store(const struct kind *k)
{
    assert_int_equal(store_new(kit_loop, k->address, "test", &handlers, NULL, &store), 0);
    assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    assert_true(store_is_up(store));
}

/* What was committed. */
static void look(const struct kind *k)
{
    if (k->again) {
        store = store_free(store);
        open_store(k);
    } else {
        assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    }
}

static int set_up(void **state)
{
    const struct kind *k = *state;

    if (kit_set_up(NULL) != 0)
        return -1;
    if (k->again)
        server_start(NULL);
    open_store(k);
    return 0;
}

static int tear_down(void **state)
{
    store = store_free(store);
    return kit_tear_down(state);
}

static void nothing_at_first(void **state)
{
    assert_int_equal(n_found, 0);
    look(*state);
    assert_int_equal(n_found, 0);
}

static void put_and_overwrite(void **state)
{
    put_text(store, "s:1", "session", "a");
    put_text(store, "s:1", "c:x", "b");
    put_text(store, "s:2", "session", "c");
    store_commit(store);
    put_text(store, "s:1", "c:x", "d");
    put_text(store, "s:1", "c:x", "e");
    store_commit(store);
    look(*state);
    assert_int_equal(n_found, 3);
    assert_has("s:1", "session", "a");
    assert_has("s:1", "c:x", "e");
    assert_has("s:2", "session", "c");
}

static void hash_by_hash(void **state)
{
    char seen[3][64] = {""};
    size_t n = 0;

    for (int i = 0; i < 9; i++) {
        char hash[16], field[16];

        snprintf(hash, sizeof(hash), "h%d", i % 3);
        snprintf(field, sizeof(field), "f%d", i);
        put_text(store, hash, field, "v");
    }
    store_commit(store);
    look(*state);
    assert_int_equal(n_found, 9);
    for (size_t i = 0; i < n_found; i++) {
        if (i % 3 == 0)
            memcpy(seen[n++], found[i].hash, sizeof(seen[0]));
        assert_string_equal(found[i].hash, seen[n - 1]);
    }
}

static void uncommitted_is_not_there(void **state)
{
    const struct kind *k = *state;

    put_text(store, "h", "a", "1");
    store_commit(store);
    put_text(store, "h", "b", "2");
    assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    assert_int_equal(n_found, 1);
    if (k->again) /* its contact was begun anew, so what was open is forgotten */
        put_text(store, "h", "b", "2");
    look(k); /* the end commits */
    if (k->again)
        assert_has("h", "b", "2");
}

static void del_and_drop(void **state)
{
    put_text(store, "h", "a", "1");
    put_text(store, "h", "b", "2");
    put_text(store, "g", "a", "3");
    put_text(store, "g", "b", "4");
    put_text(store, "e", "a", "5");
    store_commit(store);
    store_del(store, "h", "a");
    store_del(store, "h", "nothing");
    store_del(store, "nowhere", "a");
    store_drop(store, "g");
    store_drop(store, "nowhere");
    store_del(store, "e", "a");
    store_commit(store);
    look(*state);
    assert_int_equal(n_found, 1);
    assert_has("h", "b", "2");
}

static void changes_happen_in_their_order(void **state)
{
    put_text(store, "h", "old", "1");
    store_drop(store, "h");
    put_text(store, "h", "a", "2");
    store_del(store, "h", "a");
    put_text(store, "h", "a", "3");
    put_text(store, "g", "a", "4");
    store_drop(store, "g");
    store_commit(store);
    look(*state);
    assert_int_equal(n_found, 1);
    assert_has("h", "a", "3");
}

static void any_bytes(void **state)
{
    static const uint8_t odd[] = {0, 1, 255, '\r', '\n', '$', '*', '"', 0};
    static uint8_t large[3 << 20];

    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t) (i * 7 + i / 256);
    store_put(store, "h", "odd", bytes_of(odd, sizeof(odd)));
    store_put(store, "h", "none", bytes_str(""));
    store_put(store, "h", "large", bytes_of(large, sizeof(large)));
    put_text(store, "h", "utf8",
             "Gr\xc3\xbc\xc3\x9f"
             "e \xf0\x9f\x98\x80");
    put_text(store, "h:\xc3\xbc", "c:\xc3\xa4/%$'\"", "names");
    store_commit(store);
    look(*state);
    assert_int_equal(n_found, 5);
    assert_int_equal(find("h", "odd")->len, sizeof(odd));
    assert_memory_equal(find("h", "odd")->value, odd, sizeof(odd));
    assert_has("h", "none", "");
    assert_int_equal(find("h", "large")->len, sizeof(large));
    assert_memory_equal(find("h", "large")->value, large, sizeof(large));
    assert_has("h", "utf8",
               "Gr\xc3\xbc\xc3\x9f"
               "e \xf0\x9f\x98\x80");
    assert_has("h:\xc3\xbc", "c:\xc3\xa4/%$'\"", "names");
}

static unsigned long text_number(const struct found *f)
{
    char text[600] = "";

    memcpy(text, f->value, f->len);
    return strtoul(text, NULL, 10);
}

static void many(void **state)
{
    size_t sum = 0;

    for (int h = 0; h < 200; h++) {
        for (int f = 0; f < 50; f++) {
            char hash[16], field[16], value[600];

            snprintf(hash, sizeof(hash), "s:%d", h);
            snprintf(field, sizeof(field), "c:%d", f);
            snprintf(value, sizeof(value), "%0599d", h * 50 + f);
            put_text(store, hash, field, value);
        }
        if (h % 3 == 0)
            store_commit(store);
    }
    store_commit(store);
    look(*state);
    assert_int_equal(n_found, 200 * 50);
    for (size_t i = 0; i < n_found; i++) {
        assert_int_equal(found[i].len, 599);
        sum += (size_t) text_number(&found[i]);
    }
    assert_int_equal(sum, (size_t) 10000 * 9999 / 2);
}

static void reading_ends_when_told(void **state)
{
    (void) state;
    put_text(store, "h", "a", "1");
    put_text(store, "h", "b", "2");
    put_text(store, "g", "a", "3");
    store_commit(store);
    found_stop = 2;
    assert_int_equal(kit_load(store, PATIENCE_MS), 42);
    assert_int_equal(n_found, 2);
    found_stop = 0;
    assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    assert_int_equal(n_found, 3);
}

static void odd_calls(void **state)
{
    (void) state;
    store_commit(store);
    store_commit(store);
    assert_int_equal(kit_load(store, PATIENCE_MS), 0);
    assert_int_equal(n_found, 0);
    assert_null(store_free(NULL));
}

#define EACH(kind)                                                                                 \
    cmocka_unit_test_prestate_setup_teardown(nothing_at_first, set_up, tear_down, kind),           \
        cmocka_unit_test_prestate_setup_teardown(put_and_overwrite, set_up, tear_down, kind),      \
        cmocka_unit_test_prestate_setup_teardown(hash_by_hash, set_up, tear_down, kind),           \
        cmocka_unit_test_prestate_setup_teardown(uncommitted_is_not_there, set_up, tear_down,      \
                                                 kind),                                            \
        cmocka_unit_test_prestate_setup_teardown(del_and_drop, set_up, tear_down, kind),           \
        cmocka_unit_test_prestate_setup_teardown(changes_happen_in_their_order, set_up, tear_down, \
                                                 kind),                                            \
        cmocka_unit_test_prestate_setup_teardown(any_bytes, set_up, tear_down, kind),              \
        cmocka_unit_test_prestate_setup_teardown(many, set_up, tear_down, kind),                   \
        cmocka_unit_test_prestate_setup_teardown(reading_ends_when_told, set_up, tear_down, kind), \
        cmocka_unit_test_prestate_setup_teardown(odd_calls, set_up, tear_down, kind)

int main(void)
{
    const struct CMUnitTest of_memory[] = {EACH(&memory)}, of_redis[] = {EACH(&redis)};
    int n = cmocka_run_group_tests(of_memory, NULL, NULL);

    return n + cmocka_run_group_tests(of_redis, NULL, NULL);
}
