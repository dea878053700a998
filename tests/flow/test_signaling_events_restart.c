/* Events over restarts of the daemon, ordered and by SIGKILL, with a Redis server: no CDR line is
 * lost or doubled, and the webhook has each event, under the same id, in their order. */
#include "signaling_hook.h"
#include "signaling_store.h"

#include <dirent.h>

static struct redis redis;
static struct hook *hook;
static struct kit *kit;
static char dir[64]; /* of the records */
static struct peer *talker;
static unsigned next; /* number of the next signal */

static int setup(void **state)
{
    char settings[256];

    (void) state;
    strcpy(dir, "/tmp/visavis-cdr-XXXXXX");
    assert_non_null(mkdtemp(dir));
    redis_start(&redis);
    hook = hook_start();
    snprintf(settings, sizeof(settings), "cdr_path = \"%s\";\n", dir);
    kit = kit_start_stored(&redis, hook_settings(hook, settings));
    kit_make_session(kit, "S");
    talker = peer_join(kit, "S", "PUBLISHER", NULL);
    next = 0;
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void) state;
    peer_close(talker);
    kit_stop(kit);
    redis_stop(&redis);
    hook_stop(hook);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* ---- signals with numbers ---- */

static json_t *numbered(unsigned n)
{
    char text[64];

    snprintf(text, sizeof(text), "{\"data\":\"%u\"}", n);
    return json_pack("{s:s}", "message", text);
}

static void say(void)
{
    json_t *params = numbered(next++);

    peer_do(talker, "sendMessage", params);
    json_array_clear(talker->notices);
}

/* Without waiting for what is answered. */
static void shout(void)
{
    (void) peer_send(talker, "sendMessage", numbered(next++));
}

static int number_of(json_t *fields)
{
    return atoi(string_of(fields, "data"));
}

/* ---- what came out ---- */

static int is_record(const struct dirent *d)
{
    return strncmp(d->d_name, "CDR.", 4) == 0;
}

/* The fields of all lines of an event, in their order. All are whole. */
static json_t *read_lines(const char *event)
{
    json_t *list = json_array();
    struct dirent **found;
    int n = scandir(dir, &found, is_record, alphasort);

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        char path[512], *line = NULL;
        size_t cap = 0;
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, found[i]->d_name);
        f = fopen(path, "r");
        assert_non_null(f);
        while (getline(&line, &cap, f) > 0) {
            json_t *j = json_loads(line, 0, NULL);

            if (!strchr(line, '\n')) /* being written just now */
                break;
            assert_non_null(j);
            if (json_object_get(j, event))
                json_array_append(list, json_object_get(j, event));
            json_decref(j);
        }
        free(line);
        fclose(f);
        free(found[i]);
    }
    free(found);
    return list;
}

/* The lines' numbers rise, so each is there once; heard[n] tells which. Returns how many. */
static size_t check_lines(bool *heard)
{
    json_t *lines = read_lines("signalSent"), *fields;
    int before = -1;
    size_t i, n = json_array_size(lines);

    json_array_foreach (lines, i, fields) {
        int number = number_of(fields);

        assert_true(number > before && number < (int) next);
        heard[number] = true;
        before = number;
    }
    json_decref(lines);
    return n;
}

/* Each number has one id, and came for the first time after those below it. Returns how many there
 * are; *ret_doubles: how many came more than once. */
static size_t check_posts(const bool *heard, size_t *ret_doubles)
{
    char **ids = calloc(next, sizeof(*ids));
    size_t n = 0, all = hook_n_requests(hook), doubles = 0;
    int before = -1;

    for (size_t i = 0; i < all; i++) {
        json_t *fields = hook_event(hook, i);
        int number = number_of(fields);
        char *id;

        if (strcmp(string_of(fields, "event"), "signalSent") != 0)
            continue;
        id = hook_header(hook, i, "X-Visavis-Event-Id");
        assert_true(heard[number]);
        if (ids[number]) {
            assert_string_equal(ids[number], id);
            free(id);
            doubles++;
            continue;
        }
        assert_true(number > before);
        before = number;
        ids[number] = id;
        n++;
    }
    for (unsigned i = 0; i < next; i++)
        free(ids[i]);
    free(ids);
    *ret_doubles = doubles;
    return n;
}

/* Waits for the last one to arrive at both. */
static void wait_for(unsigned last)
{
    bool *heard = calloc(next, 1);

    for (int i = 0; i < 3 * KIT_PATIENCE_MS / 10; i++) {
        size_t n = hook_n_requests(hook);

        (void) check_lines(heard);
        if (heard[last] && n > 0 && number_of(hook_event(hook, n - 1)) == (int) last &&
            strcmp(string_of(hook_event(hook, n - 1), "event"), "signalSent") == 0) {
            free(heard);
            return;
        }
        usleep(10000);
    }
    fail_msg("signal %u did not come", last);
}

/* ---- restarts ---- */

#define KILLS 25
#define BURST 20

/* At any moment: nothing that was answered is lost, nothing is told twice. */
static void test_kills(void **state)
{
    bool answered[KILLS * (BURST + 2) + 1] = {false}, heard[KILLS * (BURST + 2) + 1] = {false};
    size_t doubles;

    (void) state;
    for (int k = 0; k < KILLS; k++) {
        answered[next] = true;
        say();
        for (int i = 0; i < BURST; i++)
            shout();
        usleep((useconds_t) (rand() % 8000));
        kit_restart(kit, SIGKILL);
        peer_come_back(talker);
        json_array_clear(talker->notices);
    }
    answered[next] = true;
    say();
    wait_for(next - 1);
    (void) check_lines(heard);
    for (unsigned i = 0; i < next; i++)
        assert_true(heard[i] || !answered[i]);
    assert_int_equal(check_posts(heard, &doubles), check_lines(heard));
    assert_true(check_lines(heard) > KILLS + 1); /* the kills came at moments that matter */
}

/* Who restarts it on purpose gets nothing twice. */
static void test_ordered_restarts(void **state)
{
    bool heard[10 * (BURST + 1)] = {false};
    size_t doubles;

    (void) state;
    for (int k = 0; k < 8; k++) {
        for (int i = 0; i < BURST; i++)
            say();
        kit_restart(kit, SIGTERM);
        peer_come_back(talker);
        json_array_clear(talker->notices);
    }
    say();
    wait_for(next - 1);
    assert_int_equal(check_lines(heard), next);
    assert_int_equal(check_posts(heard, &doubles), next);
    assert_int_equal(doubles, 0);
}

/* The request under way when it is told to end is waited for. */
static void test_slow_receiver(void **state)
{
    bool heard[4] = {false};
    size_t doubles;

    (void) state;
    say();
    wait_for(0);
    hook_set(hook, 200, 0, true);
    say();
    say();
    (void) hook_request(hook, 3);
    kill(kit->pid, SIGTERM);
    usleep(500000);
    hook_set(hook, 200, 0, false);
    kit_restart(kit, SIGTERM);
    peer_come_back(talker);
    json_array_clear(talker->notices);
    say();
    wait_for(3);
    assert_int_equal(check_lines(heard), 4);
    assert_int_equal(check_posts(heard, &doubles), 4);
    assert_int_equal(doubles, 0);
}

/* Nobody takes events for some lives of ours. */
static void test_receiver_away(void **state)
{
    bool heard[6] = {false};
    size_t doubles;

    (void) state;
    say();
    wait_for(0);
    hook_down(hook);
    say();
    say();
    kit_restart(kit, SIGKILL);
    peer_come_back(talker);
    say();
    kit_restart(kit, SIGTERM);
    peer_come_back(talker);
    say();
    hook_listen(hook);
    say();
    wait_for(5);
    assert_int_equal(check_lines(heard), 6);
    assert_int_equal(check_posts(heard, &doubles), 6);
    assert_int_equal(doubles, 0);
}

/* The folder is missing for a life. */
static void test_folder_away(void **state)
{
    bool heard[4] = {false};
    char command[256];
    json_t *lines;

    (void) state;
    snprintf(command, sizeof(command), "mv %s %s.away", dir, dir);
    assert_int_equal(system(command), 0);
    say();
    say();
    kit_restart(kit, SIGKILL);
    peer_come_back(talker);
    json_array_clear(talker->notices);
    say();
    snprintf(command, sizeof(command), "mv %s.away %s", dir, dir);
    assert_int_equal(system(command), 0);
    say();
    wait_for(3);
    assert_int_equal(check_lines(heard), 4);
    lines = read_lines("sessionCreated"); /* from before: as it was */
    assert_int_equal(json_array_size(lines), 1);
    json_decref(lines);
}

/* Without the store events go on; it comes back empty, and the next life knows what to do. */
static void test_store_away(void **state)
{
    bool heard[5] = {false};
    size_t doubles;

    (void) state;
    say();
    wait_for(0);
    redis_kill(&redis);
    hook_set(hook, 200, 0, true);
    say();
    say();
    redis_run(&redis);
    for (int i = 0; !strstr(REDIS(&redis, "HLEN", "visavis:events"), ":2"); i++) {
        assert_true(i < KIT_PATIENCE_MS / 10);
        usleep(10000);
    }
    kit_end(kit, SIGKILL);
    hook_set(hook, 200, 0, false);
    kit_begin(kit);
    peer_come_back(talker);
    json_array_clear(talker->notices);
    say();
    wait_for(3);
    assert_int_equal(check_lines(heard), 4);
    assert_int_equal(check_posts(heard, &doubles), 4);
    for (int i = 0; !strstr(REDIS(&redis, "HLEN", "visavis:events"), ":0"); i++) {
        assert_true(i < KIT_PATIENCE_MS / 10);
        usleep(10000);
    }
}

/* Whoever watched before the restart stops watching after it: told once, as ever. */
static void test_subscription_goes_on(void **state)
{
    struct peer *b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_t *r = peer_publish(talker, "offer"), *created, *destroyed;

    (void) state;
    peer_do(b, "receiveVideoFrom",
            json_pack("{s:s,s:s}", "sender", string_of(r, "id"), "sdpOffer", "offer"));
    json_decref(r);
    kit_restart(kit, SIGKILL);
    peer_come_back(b);
    peer_come_back(talker);
    json_array_clear(talker->notices);
    peer_do(b, "unsubscribeFromVideo", json_pack("{s:s}", "sender", talker->id));
    say();
    wait_for(0);
    created = read_lines("webrtcConnectionCreated");
    destroyed = read_lines("webrtcConnectionDestroyed");
    assert_int_equal(json_array_size(created), 2);
    assert_int_equal(json_array_size(destroyed), 1);
    assert_string_equal(string_of(json_array_get(destroyed, 0), "reason"), "unsubscribe");
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(created, 1), "timestamp")),
        json_integer_value(json_object_get(json_array_get(destroyed, 0), "startTime")));
    json_decref(created);
    json_decref(destroyed);
    peer_close(b);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_kills),
        FLOW(test_ordered_restarts),
        FLOW(test_slow_receiver),
        FLOW(test_receiver_away),
        FLOW(test_folder_away),
        FLOW(test_store_away),
        FLOW(test_subscription_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
