/* A day of time in steps of a second: some dozens of clients who come, refresh or forget to, lose
 * their credentials or have them revoked, while the policy changes. A model says at each step what
 * must be allowed; the server, on loopback, has to agree, and nothing may be left of it at the end.
 */
#include "turn_client.h"

#include <dirent.h>

#define N_USERS 24
#define PARTIES_PER_USER 2
#define N_PARTIES (N_USERS * PARTIES_PER_USER)
#define N_PEERS 3
#define FIRST_CHANNEL 0x4000
#define SWEEP_S 5 /* as the worker's timer does */
#define NONCE_S 600
#define PERMISSION_S 300
#define CHANNEL_S 600
#define RESERVATION_S 30
#define USER_QUOTA 2
#define TOTAL_QUOTA 20
#define LIFETIMES_MAX 3600

/* One participant, with a user name for some time, then another. */
struct user {
    char name[64];
    uint64_t expires_s;
    bool revoked;
    bool has_reservation; /* kept until somebody looks, perhaps longer than it is good */
    uint64_t reservation_expires_s;
    uint8_t token[RESERVATION_TOKEN_SIZE]; /* the last one, good or not */
};

/* One 5-tuple. */
struct party {
    struct client c;
    struct user *user;
    uint64_t nonce_s;
    bool is_there; /* the allocation, until somebody looks */
    uint64_t expires_s;
    struct addr relayed;
    uint64_t permission_s[N_PEERS], channel_s[N_PEERS]; /* until */
};

static struct server_under_test server;
static struct user users[N_USERS];
static struct party parties[N_PARTIES];
static int peer_fds[N_PEERS];
static struct addr peers[N_PEERS];
static bool peer_allowed[N_PEERS];
static uint64_t now_s;
static unsigned n_users_made, n_thrown_out, n_made, n_texts;
static unsigned n_seen[1000]; /* answers by code */
static unsigned n_passed, n_kept_out;

/* The same day each time. */
static unsigned draw(unsigned n)
{
    static uint64_t state = 0x9e3779b97f4a7c15u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned) (state >> 33) % n;
}

/* ---- the model ---- */

static unsigned n_of_user(const struct user *u)
{
    unsigned n = u->has_reservation;

    for (size_t i = 0; i < N_PARTIES; i++)
        n += parties[i].user == u && parties[i].is_there;
    return n;
}

static unsigned n_there(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < N_PARTIES; i++)
        n += parties[i].is_there;
    return n;
}

static unsigned n_of_all(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < N_USERS; i++)
        n += n_of_user(&users[i]);
    return n;
}

static void forget(struct party *p)
{
    p->is_there = false;
    memset(p->permission_s, 0, sizeof(p->permission_s));
    memset(p->channel_s, 0, sizeof(p->channel_s));
}

/* Whoever asks for an allocation that is over finds none. */
static void look(struct party *p)
{
    if (p->is_there && p->expires_s <= now_s)
        forget(p);
}

static void look_at_reservations(void)
{
    for (size_t i = 0; i < N_USERS; i++) {
        if (users[i].reservation_expires_s <= now_s)
            users[i].has_reservation = false;
    }
}

static void sweep(void)
{
    worker_sweep(&server.worker);
    look_at_reservations();
    for (size_t i = 0; i < N_PARTIES; i++) {
        look(&parties[i]);
        if (parties[i].user->revoked)
            forget(&parties[i]);
    }
}

/* 0: who asks is known, and may. */
static unsigned expect_user(struct party *p)
{
    look(p);
    if (now_s - p->nonce_s > NONCE_S)
        return 438;
    return p->user->revoked || (p->user->expires_s <= now_s && !p->is_there) ? 401 : 0;
}

static unsigned expect_owner(struct party *p)
{
    unsigned code = expect_user(p);

    return code == 0 && !p->is_there ? 437 : code;
}

static unsigned expect_place(const struct user *u)
{
    if (n_of_user(u) >= USER_QUOTA)
        return 486;
    return n_of_all() >= TOTAL_QUOTA ? 508 : 0;
}

static uint32_t expect_lifetime(uint32_t wish_s)
{
    if (wish_s < ALLOC_LIFETIME_S)
        return ALLOC_LIFETIME_S;
    return wish_s < LIFETIMES_MAX ? wish_s : LIFETIMES_MAX;
}

/* ---- what parties do ---- */

static void expect_code(struct party *p, unsigned got, unsigned want)
{
    if (got != want)
        fail_msg("second %u, party %u: %u in place of %u", (unsigned) now_s,
                 (unsigned) (p - parties), got, want);
    n_seen[want]++;
    if (got == 401 || got == 438)
        p->nonce_s = now_s;
}

static uint32_t draw_lifetime(void)
{
    static const uint32_t wishes[] = {1, 600, 900, 1800, 3600, 100000};

    return wishes[draw(sizeof(wishes) / sizeof(wishes[0]))];
}

static struct wr begin_allocate(struct party *p, uint32_t lifetime_s)
{
    struct wr w = client_request(&p->c, STUN_ALLOCATE);

    stun_put_u32(&w, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
    stun_put_u32(&w, STUN_ATTR_LIFETIME, lifetime_s);
    return w;
}

static void is_allocated(struct party *p, uint32_t lifetime_s)
{
    p->is_there = true;
    p->expires_s = now_s + expect_lifetime(lifetime_s);
    p->relayed = p->c.reply.xor_relayed;
    assert_int_equal(p->c.reply.lifetime_s, expect_lifetime(lifetime_s));
    n_made++;
}

static void allocate(struct party *p)
{
    uint32_t lifetime_s = draw_lifetime();
    struct wr w = begin_allocate(p, lifetime_s);
    unsigned want = expect_user(p);

    if (want == 0)
        want = p->is_there ? 437 : expect_place(p->user);
    expect_code(p, client_exchange(&p->c, &w), want);
    if (want == 0)
        is_allocated(p, lifetime_s);
}

/* With the next port kept. */
static void allocate_pair(struct party *p)
{
    uint32_t lifetime_s = draw_lifetime();
    struct wr w = begin_allocate(p, lifetime_s);
    unsigned want = expect_user(p);

    stun_put_bytes(&w, STUN_ATTR_EVEN_PORT, bytes_of("\x80", 1));
    if (want == 0)
        want = p->is_there ? 437 : expect_place(p->user);
    if (want == 0) {
        look_at_reservations();
        p->is_there = true;
        want = expect_place(p->user);
        p->is_there = false;
    }
    expect_code(p, client_exchange(&p->c, &w), want);
    if (want != 0)
        return;
    is_allocated(p, lifetime_s);
    p->user->has_reservation = true;
    p->user->reservation_expires_s = now_s + RESERVATION_S;
    memcpy(p->user->token, p->c.reply.reservation_token.p, sizeof(p->user->token));
}

static void allocate_reserved(struct party *p)
{
    uint32_t lifetime_s = draw_lifetime();
    struct wr w = begin_allocate(p, lifetime_s);
    unsigned want = expect_user(p);

    stun_put_bytes(&w, STUN_ATTR_RESERVATION_TOKEN,
                   bytes_of(p->user->token, RESERVATION_TOKEN_SIZE));
    if (want == 0 && p->is_there) {
        want = 437;
    } else if (want == 0) {
        look_at_reservations();
        want = p->user->has_reservation ? 0 : 508;
    }
    expect_code(p, client_exchange(&p->c, &w), want);
    if (want != 0)
        return;
    p->user->has_reservation = false;
    is_allocated(p, lifetime_s);
}

static void refresh(struct party *p)
{
    uint32_t lifetime_s = draw(8) == 0 ? 0 : draw_lifetime();
    unsigned want = expect_owner(p);

    expect_code(p, client_refresh(&p->c, lifetime_s), want);
    if (want == 0 && lifetime_s == 0)
        forget(p);
    else if (want == 0)
        p->expires_s = now_s + expect_lifetime(lifetime_s);
}

static void permit(struct party *p)
{
    unsigned peer = draw(N_PEERS), want = expect_owner(p);

    if (want == 0 && !peer_allowed[peer])
        want = 403;
    expect_code(p, client_permit(&p->c, &peers[peer]), want);
    if (want == 0)
        p->permission_s[peer] = now_s + PERMISSION_S;
}

/* Each peer has a number of its own; sometimes it is tried with another's. */
static void bind_channel(struct party *p)
{
    unsigned peer = draw(N_PEERS), number = draw(4) == 0 ? draw(N_PEERS) : peer;
    unsigned want = expect_owner(p);

    if (want == 0 && number != peer && p->channel_s[peer] <= now_s && p->channel_s[number] <= now_s)
        number = peer;
    if (want == 0 && number != peer)
        want = 400;
    else if (want == 0 && !peer_allowed[peer])
        want = 403;
    expect_code(p, client_bind(&p->c, (uint16_t) (FIRST_CHANNEL + number), &peers[peer]), want);
    if (want != 0)
        return;
    p->permission_s[peer] = now_s + PERMISSION_S;
    p->channel_s[peer] = now_s + CHANNEL_S;
}

static const char *next_text(void)
{
    static char text[32];

    snprintf(text, sizeof(text), "text %u", ++n_texts);
    return text;
}

static void expect_at_peer(struct party *p, unsigned peer, const char *text, bool want)
{
    struct addr from;
    char buf[64];
    ssize_t n;

    client_expect_silence(&p->c);
    n = receive_now(peer_fds[peer], buf, sizeof(buf), &from);
    if ((n >= 0) != want)
        fail_msg("second %u, party %u to peer %u: %s", (unsigned) now_s, (unsigned) (p - parties),
                 peer, want ? "lost" : "let through");
    if (want) {
        assert_string_equal(buf, text);
        assert_true(addr_eq(&from, &p->relayed));
    }
    *(want ? &n_passed : &n_kept_out) += 1;
}

static void send_data(struct party *p)
{
    unsigned peer = draw(N_PEERS);
    const char *text = next_text();

    look(p);
    client_send_indication(&p->c, &peers[peer], text);
    expect_at_peer(p, peer, text,
                   p->is_there && p->permission_s[peer] > now_s && peer_allowed[peer]);
}

static void send_by_channel(struct party *p)
{
    unsigned peer = draw(N_PEERS);
    const char *text = next_text();

    look(p);
    client_send_channel(&p->c, (uint16_t) (FIRST_CHANNEL + peer), text);
    expect_at_peer(p, peer, text, p->is_there && p->channel_s[peer] > now_s && peer_allowed[peer]);
}

/* By the channel if there is one. */
static void expect_at_client(struct party *p, unsigned peer, const char *text)
{
    struct bytes got = client_receive(&p->c), data = {0};
    uint16_t channel;
    struct stun m;

    if (p->channel_s[peer] > now_s) {
        assert_int_equal(chandata_decode(got, &channel, &data), 0);
        assert_int_equal(channel, FIRST_CHANNEL + peer);
    } else {
        assert_int_equal(stun_decode(got, &m), 0);
        assert_int_equal(m.method, STUN_DATA);
        assert_true(addr_eq(&m.xor_peer, &peers[peer]));
        data = m.data;
    }
    assert_true(bytes_eq_str(data, text));
}

/* Also to a relay that is over, but still there. */
static void hear_from_peer(struct party *p)
{
    unsigned peer = draw(N_PEERS);
    const char *text = next_text();
    bool want = p->expires_s > now_s && p->permission_s[peer] > now_s && peer_allowed[peer];

    if (!p->is_there)
        return;
    send_to(peer_fds[peer], &p->relayed, text);
    if (want)
        expect_at_client(p, peer, text);
    client_expect_silence(&p->c);
    *(want ? &n_passed : &n_kept_out) += 1;
}

static void (*const actions[])(struct party *) = {
    allocate,     allocate_pair, allocate_reserved, refresh,         refresh,        permit,
    bind_channel, send_data,     send_data,         send_by_channel, hear_from_peer, hear_from_peer,
};

/* ---- what happens to them ---- */

static void name_user(struct user *u)
{
    *u = (struct user){.expires_s = now_s + 600 + draw(7200)};
    snprintf(u->name, sizeof(u->name), "%u:%u", (unsigned) (START_S + u->expires_s),
             n_users_made++);
    for (size_t i = 0; i < N_PARTIES; i++) {
        if (parties[i].user == u)
            client_set_user(&parties[i].c, SECRET, u->name);
    }
}

/* Whose time is over, or who was thrown out, comes back with a new name some time later. */
static void renew(struct user *u)
{
    if ((u->revoked || u->expires_s <= now_s) && n_of_user(u) == 0)
        name_user(u);
}

static void throw_out(struct user *u)
{
    (void) quota_revoke(server.quota, bytes_str(u->name), clock_wall_ms());
    u->revoked = true;
    n_thrown_out++;
    sweep();
}

static void set_policy(void)
{
    struct addr list[N_PEERS];
    size_t n = 0;

    for (size_t i = 0; i < N_PEERS; i++) {
        if (peer_allowed[i])
            list[n++] = peers[i];
    }
    set_peers(&server, list, n);
}

static void change_policy(void)
{
    unsigned peer = draw(N_PEERS);

    peer_allowed[peer] = !peer_allowed[peer];
    set_policy();
}

static size_t n_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void begin(void)
{
    struct turn_config config = default_config("127.0.0.1");
    char text[32];

    config.user_quota = USER_QUOTA;
    config.total_quota = TOTAL_QUOTA;
    server_start(&server, &config);
    server.auth.quota = server.quota;
    loop_timer_stop(&server.worker.sweep); /* it goes by the real time */
    loop_set_poll(server.worker.turn.set, 0);
    for (unsigned i = 0; i < N_PEERS; i++) {
        snprintf(text, sizeof(text), "127.0.0.%u", i + 2);
        peer_fds[i] = open_socket(text, &peers[i]);
        peer_allowed[i] = true;
    }
    set_policy();
    for (size_t i = 0; i < N_PARTIES; i++) {
        parties[i].user = &users[i / PARTIES_PER_USER];
        client_open(&parties[i].c, &server, "127.0.0.1", "127.0.0.1");
        client_get_nonce(&parties[i].c);
    }
    for (size_t i = 0; i < N_USERS; i++)
        name_user(&users[i]);
}

static void end(void)
{
    for (size_t i = 0; i < N_PARTIES; i++)
        client_close(&parties[i].c);
    for (size_t i = 0; i < N_PEERS; i++)
        close(peer_fds[i]);
    server_end(&server);
}

static void step(void)
{
    at_s(now_s);
    if (now_s % SWEEP_S == 0)
        sweep();
    if (draw(2) == 0)
        actions[draw(sizeof(actions) / sizeof(actions[0]))](&parties[draw(N_PARTIES)]);
    if (draw(20) == 0)
        renew(&users[draw(N_USERS)]);
    if (draw(300) == 0)
        throw_out(&users[draw(N_USERS)]);
    if (draw(900) == 0)
        change_policy();
    assert_int_equal(n_allocations(&server), n_there());
    assert_int_equal(quota_count(server.quota), n_of_all());
}

/* That the day was not too quiet to show anything. */
static void expect_eventful_day(void)
{
    static const unsigned codes[] = {0, 400, 401, 403, 437, 438, 486, 508};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_true(n_seen[codes[i]] > 10);
    assert_true(n_passed > 100 && n_kept_out > 100);
}

static void test_day(void **state)
{
    size_t n_fds;

    (void) state;
    begin();
    n_fds = n_descriptors();
    for (now_s = 1; now_s <= DAY_S; now_s++) {
        step();
        if (now_s % 600 == 0)
            assert_int_equal(n_descriptors(), n_fds + n_of_all());
    }
    now_s += DAY_S; /* until everything is over, user names included */
    at_s(now_s);
    sweep();
    assert_int_equal(n_allocations(&server), 0);
    assert_int_equal(quota_count(server.quota), 0);
    assert_int_equal(n_descriptors(), n_fds);
    assert_true(n_thrown_out > 100);
    assert_int_equal(quota_n_revoked(server.quota), 0);
    assert_int_equal(counted(&server, STAT_ALLOCATIONS_MADE + TRANSPORT_UDP), n_made);
    assert_int_equal(counted(&server, STAT_ALLOCATIONS_ENDED + TRANSPORT_UDP), n_made);
    expect_eventful_day();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_day)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
