/* turn_rules.h: rules of an RFC, one row each: the section, the rule in a few words, and how it is
 * shown: by one request and the code of its answer, by a function, or by a test elsewhere. Each row
 * is a test of its own, with a server, a client and a peer that may be reached. */
#pragma once

#include "turn_client.h"

#define RULE_NAME_SIZE 160
#define UNKNOWN_REQUIRED 0x7ff0
#define UNKNOWN_OPTIONAL 0xfff0

struct attr {
    uint16_t type;
    const char *value;
    size_t len;
};

#define ATTR(type, value)                                                                          \
    {                                                                                              \
        (uint16_t)(type), value, sizeof(value) - 1                                                 \
    }
#define UDP_WANTED ATTR(STUN_ATTR_REQUESTED_TRANSPORT, "\x11\0\0\0")

enum before {
    BEFORE_ALLOCATION,
    WITH_ALLOCATION, /* of IPv4 */
    WITH_BOTH,       /* of IPv4 and IPv6 */
};

struct rule {
    const char *section, *text; /* "7.2"; of another RFC "8489 6.3" */
    enum before before;
    void (*fn)(void);
    /* without fn: a signed request */
    enum stun_method method;
    struct attr attrs[4];
    unsigned code;
    const char *elsewhere; /* "file:function" of the test that shows it */
};

/* Where the server is, and the client, unless main() changes it. */
static const char *server_ip = "127.0.0.1", *client_ip = "127.0.0.1";

static struct server_under_test server;
static struct client c;
static int media_fd;
static struct addr media, relayed, relayed6;

static inline struct wr request_with(struct client *client, enum stun_method method,
                                     const struct attr *attrs, size_t n)
{
    struct wr w = client_request(client, method);

    for (size_t i = 0; i < n && attrs[i].value; i++)
        stun_put_bytes(&w, (enum stun_attr) attrs[i].type, bytes_of(attrs[i].value, attrs[i].len));
    return w;
}

/* Signed, with the nonce at hand. */
#define ask(client, method, ...)                                                                   \
    ask_with(client, method, (const struct attr[]){__VA_ARGS__},                                   \
             sizeof((const struct attr[]){__VA_ARGS__}) / sizeof(struct attr))

static inline unsigned ask_with(struct client *client, enum stun_method method,
                                const struct attr *attrs, size_t n)
{
    struct wr w = request_with(client, method, attrs, n);

    return client_exchange(client, &w);
}

static inline void open_client(struct client *client, const char *ip_text)
{
    client_open(client, &server, ip_text, ip_text);
    if (client->addr.family == AF_INET6)
        client->target.port = server.worker.listeners[1].bound.port;
}

static inline void start_with(const struct turn_config *config)
{
    server_start(&server, config);
    set_peers(&server, &media, 1);
    client_open(&c, &server, client_ip, server_ip);
    client_get_nonce(&c);
}

static inline struct turn_config rule_config(void)
{
    struct turn_config config = default_config(server_ip);

    config.listen[1].addr = ip("::1", 0);
    config.n_listen = 2;
    return config;
}

/* Another server takes the place of the one that the row was given. */
static inline void restart_with(const struct turn_config *config)
{
    client_close(&c);
    server_end(&server);
    start_with(config);
}

static inline int rule_setup(void **state)
{
    const struct rule *rule = *state;
    struct turn_config config = rule_config();

    media_fd = open_socket("127.0.0.1", &media);
    start_with(&config);
    if (rule->before == WITH_ALLOCATION) {
        assert_int_equal(client_allocate(&c), 0);
    } else if (rule->before == WITH_BOTH) {
        assert_int_equal(ask(&c, STUN_ALLOCATE, UDP_WANTED,
                             ATTR(STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, "\2\0\0\0")),
                         0);
    }
    relayed = c.reply.xor_relayed;
    relayed6 = c.reply.xor_relayed2;
    return 0;
}

static inline int rule_teardown(void **state)
{
    (void) state;
    client_close(&c);
    server_end(&server);
    close(media_fd);
    return 0;
}

/* That the test which a row names is there. */
static inline void expect_test(const char *place)
{
    const char *colon = strchr(place, ':');
    char path[128], want[128], line[256];
    bool found = false;
    FILE *f;

    assert_non_null(colon);
    snprintf(path, sizeof(path), "%.*s", (int) (colon - place), place);
    snprintf(want, sizeof(want), "void %s(", colon + 1);
    f = fopen(path, "r");
    if (!f)
        fail_msg("%s is not there", path);
    while (!found && fgets(line, sizeof(line), f))
        found = strstr(line, want) != NULL;
    fclose(f);
    if (!found)
        fail_msg("%s has no %s", path, colon + 1);
}

static inline void rule_run(void **state)
{
    const struct rule *rule = *state;

    if (rule->elsewhere) {
        expect_test(rule->elsewhere);
    } else if (rule->fn) {
        rule->fn();
    } else {
        assert_int_equal(
            ask_with(&c, rule->method, rule->attrs, sizeof(rule->attrs) / sizeof(rule->attrs[0])),
            rule->code);
    }
}

static inline int run_rules(const char *rfc, const struct rule *rules, size_t n)
{
    struct CMUnitTest *tests = calloc(n, sizeof(*tests));
    char(*names)[RULE_NAME_SIZE] = calloc(n, sizeof(*names));
    int r = 1;

    for (size_t i = 0; tests && names && i < n; i++) {
        snprintf(names[i], sizeof(names[i]), "RFC %s%s: %s",
                 strlen(rules[i].section) > 5 && rules[i].section[4] == ' ' ? "" : rfc,
                 rules[i].section, rules[i].text);
        tests[i] = (struct CMUnitTest){.name = names[i],
                                       .test_func = rule_run,
                                       .setup_func = rules[i].elsewhere ? NULL : rule_setup,
                                       .teardown_func = rules[i].elsewhere ? NULL : rule_teardown,
                                       .initial_state = (void *) &rules[i]};
    }
    if (tests && names)
        r = _cmocka_run_group_tests("rules", tests, n, NULL, NULL);
    free(tests);
    free(names);
    return r;
}

#define RUN_RULES(rfc, rules) run_rules(rfc, rules, sizeof(rules) / sizeof((rules)[0]))

/* ---- what rows look at ---- */

/* Nothing came back for what was sent before, and the server goes on. */
static inline void expect_silence(void)
{
    client_expect_silence(&c);
}

static inline void expect_at(int fd, const char *text, const struct addr *from_relay)
{
    struct addr from;
    char buf[2048];

    expect_silence();
    assert_int_equal(receive_now(fd, buf, sizeof(buf), &from), strlen(text));
    assert_string_equal(buf, text);
    assert_true(addr_eq(&from, from_relay));
}

static inline void expect_nothing_at(int fd)
{
    struct addr from;
    char buf[2048];

    expect_silence();
    assert_int_equal(receive_now(fd, buf, sizeof(buf), &from), -1);
}

/* Channel 0x4000 leads to the peer; or not, any more. */
static inline void expect_channel_open(void)
{
    client_send_channel(&c, 0x4000, "hello");
    expect_at(media_fd, "hello", &relayed);
}

static inline void expect_channel_over(void)
{
    client_send_channel(&c, 0x4000, "hello");
    expect_nothing_at(media_fd);
}

static inline void expect_data_indication(struct client *client, const struct addr *peer,
                                          const char *text)
{
    struct stun m;

    assert_int_equal(stun_decode(client_receive(client), &m), 0);
    assert_int_equal(m.class, STUN_INDICATION);
    assert_int_equal(m.method, STUN_DATA);
    assert_true(addr_eq(&m.xor_peer, peer));
    assert_non_null(m.data.p);
    assert_true(bytes_eq_str(m.data, text));
}

static inline void expect_channel_data(struct client *client, uint16_t want, const char *text)
{
    struct bytes data;
    uint16_t channel;

    assert_int_equal(chandata_decode(client_receive(client), &channel, &data), 0);
    assert_int_equal(channel, want);
    assert_true(bytes_eq_str(data, text));
}

/* An indication of this method, from no known tid; put attributes, then send_indication(). */
static inline struct wr indication(enum stun_method method)
{
    static const uint8_t tid[STUN_TID_SIZE] = {9};
    struct wr w = wr_init(c.tx, sizeof(c.tx));

    stun_begin(&w, STUN_INDICATION, method, tid);
    return w;
}

static inline void send_built(struct wr *w)
{
    size_t len;

    assert_int_equal(stun_finish(w, &len), 0);
    client_send(&c, bytes_of(c.tx, len));
}
