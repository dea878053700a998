#include "link/link.h"
#include "turn/control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct peers_media list[CONTROL_LIST_MAX];
static size_t n_list;

static int parse(const char *text)
{
    json_t *params = json_loads(text, 0, NULL);
    int r;

    assert_non_null(params);
    r = control_parse_peers(params, list, &n_list);
    json_decref(params);
    return r;
}

static void test_parse(void **state)
{
    struct addr a;

    (void) state;
    assert_int_equal(parse("{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": 40000},"
                           "{\"ip\": \"::1\", \"port\": 1, \"via\": \"2001:db8::1\"}]}"),
                     0);
    assert_int_equal(n_list, 2);
    assert_int_equal(addr_parse_ip("192.0.2.1", 40000, &a), 0);
    assert_true(addr_eq(&list[0].addr, &a));
    assert_int_equal(list[0].via.family, 0);
    assert_int_equal(addr_parse_ip("::1", 1, &a), 0);
    assert_true(addr_eq(&list[1].addr, &a));
    assert_int_equal(addr_parse_ip("2001:db8::1", 0, &a), 0);
    assert_true(addr_eq(&list[1].via, &a));
    assert_int_equal(parse("{\"peers\": []}"), 0);
    assert_int_equal(n_list, 0);
}

static void test_parse_other_things(void **state)
{
    static const char *const wrong[] = {
        "[]",
        "{}",
        "{\"peers\": {}}",
        "{\"peers\": [5]}",
        "{\"peers\": [{\"ip\": \"192.0.2.1\"}]}",
        "{\"peers\": [{\"port\": 1}]}",
        "{\"peers\": [{\"ip\": \"localhost\", \"port\": 1}]}",
        "{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": 0}]}",
        "{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": 65536}]}",
        "{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": \"1\"}]}",
        "{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": 1.5}]}",
        "{\"peers\": [{\"ip\": 5, \"port\": 1}]}",
        "{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": 1, \"via\": \"here\"}]}",
        "{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": 1, \"via\": 5}]}",
    };
    json_t *many = json_array();
    json_t *params = json_pack("{s:o}", "peers", many);

    (void) state;
    assert_int_equal(parse("{\"peers\": [{\"ip\": \"192.0.2.1\", \"port\": 7}]}"), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(parse(wrong[i]), -EBADMSG);
    for (size_t i = 0; i <= CONTROL_LIST_MAX; i++)
        json_array_append_new(many, json_pack("{s:s, s:i}", "ip", "192.0.2.1", "port", 1));
    assert_int_equal(control_parse_peers(params, list, &n_list), -ENOSPC);
    json_decref(params);
    assert_int_equal(n_list, 1); /* as it was */
}

/* A media daemon that answers hello, and the dialer that asks it. */
struct media {
    struct loop *loop;
    struct link *link;
    unsigned n_hello, n_lists, refusals;
    size_t last_n;
};

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    struct media *m = arg;

    (void) k;
    assert_string_equal(method, "hello");
    assert_string_equal(json_string_value(json_object_get(params, "client")), "turn");
    assert_true(json_string_length(json_object_get(params, "instance")) > 0);
    m->n_hello++;
    if (m->refusals > 0) {
        m->refusals--;
        link_reply_error(rq, -32600, "not now");
        return;
    }
    link_reply(rq, json_pack("{s:s, s:[{s:s, s:i}]}", "node", "n", "peers", "ip", "127.0.0.1",
                             "port", 40000));
}

static void on_closed(struct link *k, int error, void *arg)
{
    (void) k;
    (void) error;
    (void) arg;
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    static const struct link_handlers handlers = {.on_request = on_request, .on_closed = on_closed};
    struct media *m = arg;

    (void) ls;
    link_free(m->link);
    assert_int_equal(link_new(m->loop, fd, &handlers, m, &m->link), 0);
}

static void on_list(struct control *c, void *arg)
{
    struct media *m = arg;

    m->n_lists++;
    (void) control_list(c, &m->last_n);
    loop_quit(m->loop, 0);
}

static void test_hello_and_changes(void **state)
{
    struct media m = {.n_hello = 0};
    struct link_listener *ls;
    struct control *control;
    char dir[] = "/tmp/test_control_XXXXXX", path[64];

    (void) state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/media.sock", dir);
    assert_int_equal(loop_new(&m.loop), 0);
    assert_int_equal(link_listen(m.loop, path, on_accept, &m, &ls), 0);
    assert_int_equal(control_new(m.loop, path, on_list, &m, &control), 0);
    assert_int_equal(loop_run(m.loop), 0);
    assert_int_equal(m.n_hello, 1);
    assert_int_equal(m.last_n, 1);

    link_notify(m.link, "peers", json_pack("{s:s}", "peers", "rubbish"));
    link_notify(m.link, "other", NULL);
    link_notify(m.link, "peers",
                json_pack("{s:[{s:s, s:i}, {s:s, s:i}]}", "peers", "ip", "127.0.0.1", "port", 1,
                          "ip", "127.0.0.1", "port", 2));
    assert_int_equal(loop_run(m.loop), 0);
    assert_int_equal(m.n_lists, 2);
    assert_int_equal(m.last_n, 2);

    /* The link breaks: nothing is taken back, and it asks again. */
    m.link = link_free(m.link);
    assert_int_equal(loop_run(m.loop), 0);
    assert_int_equal(m.n_hello, 2);
    assert_int_equal(m.n_lists, 3);

    /* The answer is no, at first. */
    m.refusals = 1;
    m.link = link_free(m.link);
    assert_int_equal(loop_run(m.loop), 0);
    assert_int_equal(m.n_hello, 4);
    assert_int_equal(m.n_lists, 4);

    control_free(control);
    link_free(m.link);
    link_listener_free(ls);
    loop_free(m.loop);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_other_things),
        cmocka_unit_test(test_hello_and_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
