/* The RPC of the signaling daemon as its description has it: every method with what it needs, what
 * it must not be given, by everybody, before and after its time. */
#include "signaling_rows.h"

static struct kit *kit;

static int setup(void **state)
{
    (void) state;
    kit = kit_start("max_data_bytes = 20000;\n");
    kit_make_session(kit, "S");
    return 0;
}

static int setup_mediasoup(void **state)
{
    (void) state;
    kit = kit_start("media_server = \"mediasoup\";\n");
    kit_make_session(kit, "S");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kit_stop(kit);
    return 0;
}

#define NO_SUCH "\"streamId\":\"str_CAM_AAAA_con_none\""
#define NOT_NOW "\"streamId\":\"str_CAM_AAAA_$I\""
#define MINE "\"streamId\":\"$stream\""

/* Section 4, row by row; 4.1 for the roles; 5.3; 6. */
static const struct row method_rows[] = {
    {"1.2 unknown method", 'S', "noSuchMethod", "{}", -32601, "noSuchMethod"},
    {"1.2 unknown method, by half its name", 'S', "pin", "{}", -32601, "pin"},
    {"1.2 missing parameter", 'P', "sendMessage", NULL, -1,
     "Request element 'message' is missing in RPC method 'sendMessage'"},
    {"1.4 ping", 'S', "ping", "{\"interval\":5000}", 0, "{\"value\":\"pong\"}"},
    {"1.4 ping without params", 'S', "ping", NULL, 0, "{\"value\":\"pong\"}"},
    {"1.6 connect without sessionId", 'S', "connect", "{}", 0, "{\"value\":\"OK\"}"},
    {"1.6 connect as nobody", 'S', "connect", "{\"sessionId\":\"abc\"}", 40007,
     "reconnection error"},
    {"3.2 a second joinRoom", 'S', "joinRoom", "{}", 104, "already joined"},

    {"4 publishVideo, role SUBSCRIBER", 'S', "publishVideo", "{\"sdpOffer\":\"o\"}", 401,
     "Unable to call publishVideo"},
    {"4 publishVideo twice", 'P', "publishVideo", "{\"sdpOffer\":\"o\"}", 106,
     "is already streaming"},
    {"4 publishVideo, codec", 'I', "publishVideo", "{\"sdpOffer\":\"nocodec\"}", 800,
     "Error forcing codec: 'VP8', for PARTICIPANT: '"},
    {"4 publishVideo, SDP", 'I', "publishVideo", "{\"sdpOffer\":\"bad\"}", 302, NULL},
    {"4 publishVideo, filter of no permission", 'I', "publishVideo",
     "{\"sdpOffer\":\"o\",\"filter\":{\"type\":\"ZBarFilter\",\"options\":{}}}", 406,
     "The token has no permissions to apply filter ZBarFilter"},
    {"4 publishVideo, filter", 'M', "publishVideo",
     "{\"sdpOffer\":\"o\",\"filter\":{\"type\":\"ZBarFilter\",\"options\":{}}}", 406,
     "Filters are not supported"},
    {"4 publishVideo, typeOfVideo", 'I', "publishVideo",
     "{\"sdpOffer\":\"o\",\"typeOfVideo\":\"IPCAM\"}", -1, "typeOfVideo"},
    {"4 publishVideo", 'I', "publishVideo", "{\"sdpOffer\":\"o\",\"filter\":{}}", 0,
     "{\"sdpAnswer\":\"ANSWER\"}"},
    {"4 unpublishVideo", 'I', "unpublishVideo", NULL, 0, NULL},
    {"4 unpublishVideo, nothing there", 'I', "unpublishVideo", "{}", 105, "is not streaming"},
    {"4 unpublishVideo, role SUBSCRIBER", 'S', "unpublishVideo", "{}", 401, NULL},

    {"4 prepareReceiveVideoFrom is mediasoup's", 'S', "prepareReceiveVideoFrom",
     "{\"sender\":\"$stream\",\"reconnect\":false}", 303, "it is the subscriber that offers"},
    {"4 receiveVideoFrom", 'S', "receiveVideoFrom", "{\"sender\":\"$stream\",\"sdpOffer\":\"o\"}",
     0, "{\"sdpAnswer\":\"SUBANSWER\"}"},
    {"4 receiveVideoFrom, unknown sender", 'S', "receiveVideoFrom",
     "{\"sender\":\"str_CAM_AAAA_con_none\",\"sdpOffer\":\"o\"}", 102, NULL},
    {"4 receiveVideoFrom, sender not publishing", 'S', "receiveVideoFrom",
     "{\"sender\":\"str_CAM_AAAA_$I\",\"sdpOffer\":\"o\"}", 105, NULL},
    {"4 receiveVideoFrom, a connection is no stream", 'S', "receiveVideoFrom",
     "{\"sender\":\"$P\",\"sdpOffer\":\"o\"}", 102, NULL},
    {"4 receiveVideoFrom, SDP", 'S', "receiveVideoFrom",
     "{\"sender\":\"$stream\",\"sdpOffer\":\"bad\"}", 302, NULL},
    {"4 receiveVideoFrom, codec", 'S', "receiveVideoFrom",
     "{\"sender\":\"$stream\",\"sdpOffer\":\"nocodec\"}", 800, "Error forcing codec: 'VP8'"},
    {"4 receiveVideoFrom, mediasoup's parameter", 'S', "receiveVideoFrom",
     "{\"sender\":\"$stream\",\"sdpAnswer\":\"o\"}", -1, "'sdpOffer' is missing"},
    {"4 unsubscribeFromVideo", 'S', "unsubscribeFromVideo", "{\"sender\":\"$P\"}", 0, NULL},
    {"7.7 a late unsubscribeFromVideo", 'S', "unsubscribeFromVideo", "{\"sender\":\"$P\"}", 0,
     NULL},
    {"4 unsubscribeFromVideo, unknown", 'S', "unsubscribeFromVideo", "{\"sender\":\"con_none\"}",
     102, "'con_none' not found"},

    {"4 onIceCandidate", 'S', "onIceCandidate",
     "{\"endpointName\":\"$P\",\"candidate\":\"candidate:1 1 udp 1 127.0.0.1 9 typ host\","
     "\"sdpMid\":\"0\",\"sdpMLineIndex\":0}",
     0, NULL},
    {"4 onIceCandidate, end of candidates", 'S', "onIceCandidate",
     "{\"endpointName\":\"$P\",\"candidate\":\"\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}", 0, NULL},
    {"4 onIceCandidate, unknown name", 'S', "onIceCandidate",
     "{\"endpointName\":\"con_none\",\"candidate\":\"x\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}", 0,
     NULL},

    {"4 sendMessage", 'S', "sendMessage",
     "{\"message\":\"{\\\"to\\\":[],\\\"data\\\":\\\"d\\\",\\\"type\\\":\\\"signal:signal\\\"}"
     "\"}",
     0, NULL},
    {"4 sendMessage, to one", 'S', "sendMessage",
     "{\"message\":\"{\\\"to\\\":[\\\"$P\\\"],\\\"data\\\":\\\"d\\\"}\"}", 0, NULL},
    {"6 600", 'S', "sendMessage", "{\"message\":\"{\"}", 600, NULL},
    {"6 600, an array", 'S', "sendMessage", "{\"message\":\"[]\"}", 600, NULL},
    {"6 600, data", 'S', "sendMessage", "{\"message\":\"{\\\"data\\\":5}\"}", 600, NULL},
    {"6 600, type", 'S', "sendMessage", "{\"message\":\"{\\\"type\\\":{}}\"}", 600, NULL},
    {"6 601", 'S', "sendMessage", "{\"message\":\"{\\\"to\\\":[\\\"$P\\\",\\\"con_none\\\"]}\"}",
     601, NULL},
    {"6 601, null", 'S', "sendMessage", "{\"message\":\"{\\\"to\\\":[null]}\"}", 601, NULL},
    {"6 601, not a list", 'S', "sendMessage", "{\"message\":\"{\\\"to\\\":\\\"$P\\\"}\"}", 601,
     NULL},

    {"5.3 audioActive", 'P', "streamPropertyChanged",
     "{\"streamId\":\"x\",\"property\":\"audioActive\",\"newValue\":false,\"reason\":"
     "\"publishAudio\"}",
     0, NULL},
    {"5.3 videoDimensions", 'P', "streamPropertyChanged",
     "{\"streamId\":\"x\",\"property\":\"videoDimensions\",\"newValue\":\"{\\\"width\\\":1}\","
     "\"reason\":\"screenResized\"}",
     0, NULL},
    {"5.3 audioTrack", 'P', "streamPropertyChanged",
     "{\"streamId\":\"x\",\"property\":\"audioTrack\",\"newValue\":{\"label\":\"l\"},"
     "\"reason\":\"trackReplaced\"}",
     0, NULL},
    {"5.3 a boolean that is none", 'P', "streamPropertyChanged",
     "{\"streamId\":\"x\",\"property\":\"audioActive\",\"newValue\":\"no\",\"reason\":\"r\"}", -1,
     "audioActive"},
    {"5.3 dimensions that others could not parse", 'P', "streamPropertyChanged",
     "{\"streamId\":\"x\",\"property\":\"videoDimensions\",\"newValue\":\"{\",\"reason\":"
     "\"r\"}",
     -1, NULL},
    {"5.3 unknown property", 'P', "streamPropertyChanged",
     "{\"streamId\":\"x\",\"property\":\"filter\",\"newValue\":{},\"reason\":\"r\"}", -1, "filter"},
    {"5.3 without a stream", 'I', "streamPropertyChanged",
     "{\"streamId\":\"x\",\"property\":\"audioActive\",\"newValue\":true,\"reason\":\"r\"}", 105,
     NULL},

    {"4.1 forceDisconnect, PUBLISHER", 'P', "forceDisconnect", "{\"connectionId\":\"$S\"}", 401,
     NULL},
    {"4.1 forceDisconnect, SUBSCRIBER", 'S', "forceDisconnect", "{\"connectionId\":\"$P\"}", 401,
     NULL},
    {"4 forceDisconnect, unknown", 'M', "forceDisconnect", "{\"connectionId\":\"con_none\"}", 102,
     NULL},
    {"4.1 forceUnpublish, PUBLISHER, its own", 'P', "forceUnpublish", "{" MINE "}", 401, NULL},
    {"4.1 forceUnpublish, SUBSCRIBER", 'S', "forceUnpublish", "{" MINE "}", 401, NULL},
    {"4 forceUnpublish, unknown stream", 'M', "forceUnpublish", "{" NO_SUCH "}", 102, NULL},
    {"4 forceUnpublish, not publishing", 'M', "forceUnpublish", "{" NOT_NOW "}", 105, NULL},

    {"4.1 applyFilter, allowedFilters", 'P', "applyFilter",
     "{" MINE ",\"type\":\"ZBarFilter\",\"options\":\"{}\"}", 401, "Unable to apply filter"},
    {"4.1 applyFilter, another's", 'I', "applyFilter",
     "{" MINE ",\"type\":\"ZBarFilter\",\"options\":\"{}\"}", 401, NULL},
    {"4.1 applyFilter, SUBSCRIBER", 'S', "applyFilter",
     "{" NO_SUCH ",\"type\":\"ZBarFilter\",\"options\":\"{}\"}", 401, NULL},
    {"4 applyFilter, options", 'M', "applyFilter",
     "{" MINE ",\"type\":\"ZBarFilter\",\"options\":\"[\"}", 406, "not a JSON object"},
    {"4 applyFilter, no such stream", 'M', "applyFilter",
     "{" NO_SUCH ",\"type\":\"ZBarFilter\",\"options\":\"{}\"}", 102, NULL},
    {"4 applyFilter, not publishing", 'M', "applyFilter",
     "{" NOT_NOW ",\"type\":\"ZBarFilter\",\"options\":\"{}\"}", 105, NULL},
    {"4 applyFilter", 'M', "applyFilter", "{" MINE ",\"type\":\"ZBarFilter\",\"options\":\"{}\"}",
     406, "Filters are not supported"},
    {"4.1 removeFilter, another's", 'I', "removeFilter", "{" MINE "}", 401,
     "Unable to remove filter"},
    {"4 removeFilter, its own", 'P', "removeFilter", "{" MINE "}", 406,
     "has no filter applied in session 'S'"},
    {"4 removeFilter, no such stream", 'M', "removeFilter", "{" NO_SUCH "}", 102, NULL},
    {"4.1 execFilterMethod, another's", 'S', "execFilterMethod",
     "{" MINE ",\"method\":\"m\",\"params\":\"{}\"}", 401, "Unable to execute filter method"},
    {"4 execFilterMethod, its own", 'P', "execFilterMethod",
     "{" MINE ",\"method\":\"m\",\"params\":\"{}\"}", 406, "has no filter applied in session"},
    {"4 execFilterMethod, moderator", 'M', "execFilterMethod",
     "{" MINE ",\"method\":\"m\",\"params\":\"{}\"}", 406, "has no filter applied in session"},
    {"4.1 addFilterEventListener, another's", 'I', "addFilterEventListener",
     "{" MINE ",\"eventType\":\"CodeFound\"}", 401, NULL},
    {"4 addFilterEventListener", 'P', "addFilterEventListener",
     "{" MINE ",\"eventType\":\"CodeFound\"}", 406, "has no filter applied in session"},
    {"4.1 removeFilterEventListener, another's", 'I', "removeFilterEventListener",
     "{" MINE ",\"eventType\":\"CodeFound\"}", 401, NULL},
    {"4 removeFilterEventListener", 'M', "removeFilterEventListener",
     "{" MINE ",\"eventType\":\"CodeFound\"}", 406, "has no filter applied in session"},

    {"4 reconnectStream, publisher", 'P', "reconnectStream",
     "{\"stream\":\"$stream\",\"sdpString\":\"o\"}", 0, "{\"sdpAnswer\":\"ANSWER\"}"},
    {"4 reconnectStream, subscriber", 'S', "reconnectStream",
     "{\"stream\":\"$stream\",\"sdpOffer\":\"o\",\"forciblyReconnect\":false}", 0,
     "{\"sdpAnswer\":\"SUBANSWER\"}"},
    {"4 reconnectStream, no such stream", 'S', "reconnectStream",
     "{\"stream\":\"str_CAM_AAAA_con_none\",\"sdpOffer\":\"o\"}", 102, NULL},
    {"4 reconnectStream, not publishing", 'I', "reconnectStream",
     "{\"stream\":\"str_CAM_AAAA_$I\",\"sdpString\":\"o\"}", 105, NULL},
    {"4 reconnectStream, without SDP", 'P', "reconnectStream", "{\"stream\":\"$stream\"}", -1,
     "sdpString"},
    {"4 videoData", 'P', "videoData",
     "{\"height\":480,\"width\":640,\"videoActive\":true,\"audioActive\":true}", 0, NULL},
    {"4 echo", 'S', "echo", "{}", 0, NULL},
    {"6 997", 'M', "subscribeToSpeechToText", "{\"connectionId\":\"$P\",\"lang\":\"en-US\"}", 997,
     NULL},
    {"6 997", 'M', "unsubscribeFromSpeechToText", "{\"connectionId\":\"$P\"}", 997, NULL},
    {"8 sessionStatus", 'M', "sessionStatus", "{\"sessionId\":\"S\"}", 997, NULL},
};

static void test_methods(void **state)
{
    struct cast c;

    (void) state;
    cast_init(&c, kit, "S");
    RUN_ROWS(&c, method_rows);
    cast_is_well(&c);
    cast_done(&c);
}

/* What is different where the server offers. */
static void test_mediasoup(void **state)
{
    static const struct row rows[] = {
        {"4 prepareReceiveVideoFrom", 'S', "prepareReceiveVideoFrom",
         "{\"sender\":\"$stream\",\"reconnect\":false}", 0, "{\"sdpOffer\":\"SERVEROFFER\"}"},
        {"4 prepareReceiveVideoFrom, unknown", 'S', "prepareReceiveVideoFrom",
         "{\"sender\":\"str_CAM_AAAA_con_none\"}", 102, NULL},
        {"4 prepareReceiveVideoFrom, not publishing", 'S', "prepareReceiveVideoFrom",
         "{\"sender\":\"str_CAM_AAAA_$I\"}", 105, NULL},
        {"4 prepareReceiveVideoFrom, nobody", 'S', "prepareReceiveVideoFrom", "{}", -1, "sender"},
        {"4 receiveVideoFrom", 'S', "receiveVideoFrom",
         "{\"sender\":\"$stream\",\"sdpAnswer\":\"a\"}", 0, NULL},
        {"4 receiveVideoFrom, kurento's parameter", 'S', "receiveVideoFrom",
         "{\"sender\":\"$stream\",\"sdpOffer\":\"a\"}", -1, "sdpAnswer"},
        {"4 prepareReceiveVideoFrom, again", 'S', "prepareReceiveVideoFrom",
         "{\"sender\":\"$stream\",\"reconnect\":true}", 0, "{\"sdpOffer\":\"SERVEROFFER\"}"},
        {"4 reconnectStream, subscriber", 'S', "reconnectStream",
         "{\"stream\":\"$stream\",\"sdpString\":\"a\",\"forciblyReconnect\":false}", 0, NULL},
        {"4 reconnectStream, publisher", 'P', "reconnectStream",
         "{\"stream\":\"$stream\",\"sdpString\":\"o\"}", 0, "{\"sdpAnswer\":\"ANSWER\"}"},
        {"4 unsubscribeFromVideo", 'S', "unsubscribeFromVideo", "{\"sender\":\"$P\"}", 0, NULL},
    };
    struct cast c;
    json_t *params;

    (void) state;
    cast_init(&c, kit, "S");
    RUN_ROWS(&c, rows);
    /* media.md 6: nothing is forced there unless somebody asks for it */
    params = kit_call(kit, "publish", 0);
    assert_null(json_object_get(params, "forcedCodec"));
    json_decref(params);
    cast_done(&c);
}

/* ---- parameters of a wrong type ---- */

enum need {
    NEEDED,    /* a string: anything else, and nothing at all, is error -1 */
    TOLERATED, /* whatever comes instead, the request is done */
};

struct parameter {
    const char *place;
    enum need need;
    char who;
    const char *method, *params; /* a good request */
    const char *name;
    const char *undo; /* what makes it possible once more, or NULL */
};

#define PUBLISH                                                                                    \
    "{\"sdpOffer\":\"o\",\"doLoopback\":false,\"hasAudio\":true,\"hasVideo\":true,"                \
    "\"audioActive\":true,\"videoActive\":true,\"typeOfVideo\":\"CAMERA\",\"frameRate\":30,"       \
    "\"videoDimensions\":\"{}\",\"filter\":{}}"
#define CANDIDATE                                                                                  \
    "{\"endpointName\":\"$P\",\"candidate\":\"c\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}"
#define CHANGE                                                                                     \
    "{\"streamId\":\"x\",\"property\":\"audioActive\",\"newValue\":true,\"reason\":\"r\"}"
#define FILTER                                                                                     \
    "{" MINE ",\"type\":\"t\",\"options\":\"{}\",\"method\":\"m\",\"params\":\"{}\","              \
    "\"eventType\":\"e\"}"
#define VIDEO_DATA "{\"height\":480,\"width\":640,\"videoActive\":true,\"audioActive\":true}"

static const struct parameter parameters[] = {
    {"4", NEEDED, 'I', "publishVideo", PUBLISH, "sdpOffer", NULL},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "doLoopback", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "hasAudio", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "hasVideo", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "audioActive", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "videoActive", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "typeOfVideo", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "frameRate", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "videoDimensions", "unpublishVideo"},
    {"4", TOLERATED, 'I', "publishVideo", PUBLISH, "filter", "unpublishVideo"},
    {"4", NEEDED, 'S', "receiveVideoFrom", "{\"sender\":\"$stream\",\"sdpOffer\":\"o\"}", "sender",
     NULL},
    {"4", NEEDED, 'S', "receiveVideoFrom", "{\"sender\":\"$stream\",\"sdpOffer\":\"o\"}",
     "sdpOffer", NULL},
    {"4", NEEDED, 'S', "unsubscribeFromVideo", "{\"sender\":\"$P\"}", "sender", NULL},
    {"4", TOLERATED, 'S', "onIceCandidate", CANDIDATE, "endpointName", NULL},
    {"4", TOLERATED, 'S', "onIceCandidate", CANDIDATE, "candidate", NULL},
    {"4", TOLERATED, 'S', "onIceCandidate", CANDIDATE, "sdpMid", NULL},
    {"4", TOLERATED, 'S', "onIceCandidate", CANDIDATE, "sdpMLineIndex", NULL},
    {"4", NEEDED, 'S', "sendMessage", "{\"message\":\"{}\"}", "message", NULL},
    {"5.3", TOLERATED, 'P', "streamPropertyChanged", CHANGE, "streamId", NULL},
    {"5.3", NEEDED, 'P', "streamPropertyChanged", CHANGE, "property", NULL},
    {"5.3", NEEDED, 'P', "streamPropertyChanged", CHANGE, "reason", NULL},
    {"4", NEEDED, 'M', "forceDisconnect", "{\"connectionId\":\"$S\"}", "connectionId", NULL},
    {"4", NEEDED, 'M', "forceUnpublish", "{" MINE "}", "streamId", NULL},
    {"4", NEEDED, 'M', "applyFilter", FILTER, "streamId", NULL},
    {"4", NEEDED, 'M', "applyFilter", FILTER, "type", NULL},
    {"4", NEEDED, 'M', "applyFilter", FILTER, "options", NULL},
    {"4", NEEDED, 'M', "removeFilter", FILTER, "streamId", NULL},
    {"4", NEEDED, 'M', "execFilterMethod", FILTER, "streamId", NULL},
    {"4", NEEDED, 'M', "execFilterMethod", FILTER, "method", NULL},
    {"4", NEEDED, 'M', "addFilterEventListener", FILTER, "streamId", NULL},
    {"4", NEEDED, 'M', "addFilterEventListener", FILTER, "eventType", NULL},
    {"4", NEEDED, 'M', "removeFilterEventListener", FILTER, "streamId", NULL},
    {"4", NEEDED, 'M', "removeFilterEventListener", FILTER, "eventType", NULL},
    {"4", NEEDED, 'P', "reconnectStream", "{\"stream\":\"$stream\",\"sdpString\":\"o\"}", "stream",
     NULL},
    {"4", NEEDED, 'P', "reconnectStream", "{\"stream\":\"$stream\",\"sdpString\":\"o\"}",
     "sdpString", NULL},
    {"4", TOLERATED, 'S', "reconnectStream",
     "{\"stream\":\"$stream\",\"sdpOffer\":\"o\",\"forciblyReconnect\":false}", "forciblyReconnect",
     NULL},
    {"4", TOLERATED, 'P', "videoData", VIDEO_DATA, "height", NULL},
    {"4", TOLERATED, 'P', "videoData", VIDEO_DATA, "videoActive", NULL},
    {"1.4", TOLERATED, 'S', "ping", "{\"interval\":5000}", "interval", NULL},
};

/* Of no use to anybody; NULL: left out. Strings are tried apart. */
static const char *const odd_values[] = {NULL,   "null", "5",        "-1.5e300",
                                         "true", "[]",   "[[null]]", "{}"};

static void try_value(struct cast *c, const struct parameter *row, const char *value)
{
    struct peer *p = cast_peer(c, row->who);
    char *text = cast_text(c, row->params);
    json_t *params = json_loads(text, 0, NULL), *answer;
    json_int_t code;

    free(text);
    if (value)
        json_object_set_new(params, row->name, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(params, row->name);
    answer = peer_answer(p, peer_send(p, row->method, params));
    check_frame(p, answer);
    code = json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
    if (code != (row->need == NEEDED ? -1 : 0))
        fail_msg("%s: %s with %s = %s: %s", row->place, row->method, row->name,
                 value ? value : "nothing", json_dumps(answer, 0));
    if (row->undo)
        peer_do(p, row->undo, NULL);
    json_decref(answer);
}

static void test_wrong_types(void **state)
{
    struct cast c;

    (void) state;
    cast_init(&c, kit, "S");
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        for (size_t j = 0; j < sizeof(odd_values) / sizeof(odd_values[0]); j++)
            try_value(&c, &parameters[i], odd_values[j]);
    }
    cast_is_well(&c);
    cast_done(&c);
}

/* Strings that somebody might trip over: some answer comes, and life goes on. */
static void test_odd_strings(void **state)
{
    static char huge[50001];
    const char *const strings[] = {"",
                                   " ",
                                   huge,
                                   "%s%n%d",
                                   "../../etc/passwd",
                                   "\x01\x7f",
                                   "\xf0\x9f\x98\x80",
                                   "con_",
                                   "str_",
                                   "str_CAM_AAAA_con_",
                                   "'\"\\",
                                   "{\"a\":"};
    struct cast c;

    (void) state;
    memset(huge, 'x', sizeof(huge) - 1);
    cast_init(&c, kit, "S");
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        const struct parameter *row = &parameters[i];
        struct peer *p = cast_peer(&c, row->who);

        if (row->undo)
            continue;
        for (size_t j = 0; j < sizeof(strings) / sizeof(strings[0]); j++) {
            char *text = cast_text(&c, row->params);
            json_t *params = json_loads(text, 0, NULL), *answer;

            json_object_set_new(params, row->name, json_string(strings[j]));
            answer = peer_answer(p, peer_send(p, row->method, params));
            check_frame(p, answer);
            json_decref(answer);
            free(text);
        }
    }
    cast_is_well(&c);
    cast_done(&c);
}

/* Native clients have texts for booleans and numbers. */
static void test_texts_for_values(void **state)
{
    struct peer *a, *b;
    json_t *r, *st;

    (void) state;
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "SUBSCRIBER", NULL);
    json_decref(peer_notice(a, "participantJoined"));
    r = peer_call(a, "publishVideo",
                  json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "sdpOffer", "o", "audioActive",
                            "false", "videoActive", "true", "doLoopback", "true", "frameRate", "30",
                            "hasAudio", "true", "hasVideo", "true", "typeOfVideo", "CAMERA",
                            "videoDimensions", "{\"width\":320, \"height\":240}"));
    json_decref(r);
    r = peer_notice(b, "participantPublished");
    st = json_array_get(json_object_get(r, "streams"), 0);
    assert_true(json_is_false(json_object_get(st, "audioActive")));
    assert_true(json_is_true(json_object_get(st, "videoActive")));
    assert_int_equal(json_integer_value(json_object_get(st, "frameRate")), 30);
    json_decref(r);
    r = kit_call(kit, "publish", 0);
    assert_true(json_is_true(json_object_get(r, "loopback")));
    json_decref(r);
    peer_close(a);
    peer_close(b);
}

/* ---- joinRoom ---- */

static void test_join_parameters(void **state)
{
    static const char *const needed[] = {"token", "session", "secret", "platform", "metadata"};
    static const char *const tolerated[] = {"sdkVersion", "recorder", "stt"};
    struct peer *p = peer_open(kit);
    json_t *params, *answer;
    char *token;

    (void) state;
    token = kit_make_token(kit, "S", "{}");
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        for (size_t j = 0; j < sizeof(odd_values) / sizeof(odd_values[0]); j++) {
            params = join_params("S", token, "");
            json_object_del(params, needed[i]);
            if (odd_values[j])
                json_object_set_new(params, needed[i],
                                    json_loads(odd_values[j], JSON_DECODE_ANY, NULL));
            assert_int_equal(peer_fails(p, "joinRoom", params, NULL), -1);
        }
    }
    free(token);
    for (size_t i = 0; i < sizeof(tolerated) / sizeof(tolerated[0]); i++) {
        for (size_t j = 0; j < sizeof(odd_values) / sizeof(odd_values[0]); j++) {
            token = kit_make_token(kit, "S", "{}");
            params = join_params("S", token, "");
            free(token);
            json_object_del(params, tolerated[i]);
            if (odd_values[j])
                json_object_set_new(params, tolerated[i],
                                    json_loads(odd_values[j], JSON_DECODE_ANY, NULL));
            answer = peer_call(p, "joinRoom", params);
            assert_string_equal(string_of(answer, "role"), "PUBLISHER");
            json_decref(answer);
            peer_do(p, "leaveRoom", NULL);
            kit_make_session(kit, "S"); /* the last one took it along */
        }
    }
    peer_close(p);
}

/* ---- out of order ---- */

static const char *const all_methods[] = {"leaveRoom",
                                          "publishVideo",
                                          "unpublishVideo",
                                          "prepareReceiveVideoFrom",
                                          "receiveVideoFrom",
                                          "unsubscribeFromVideo",
                                          "onIceCandidate",
                                          "sendMessage",
                                          "streamPropertyChanged",
                                          "forceDisconnect",
                                          "forceUnpublish",
                                          "applyFilter",
                                          "removeFilter",
                                          "execFilterMethod",
                                          "addFilterEventListener",
                                          "removeFilterEventListener",
                                          "reconnectStream",
                                          "videoData",
                                          "echo",
                                          "subscribeToSpeechToText",
                                          "unsubscribeFromSpeechToText",
                                          "sessionStatus"};

static void nothing_is_possible(struct peer *p)
{
    for (size_t i = 0; i < sizeof(all_methods) / sizeof(all_methods[0]); i++)
        assert_int_equal(peer_fails(p, all_methods[i], NULL, NULL), 803);
    peer_do(p, "ping", NULL);
}

/* Section 4: any method before a successful joinRoom. */
static void test_order(void **state)
{
    struct peer *p = peer_open(kit), *other;
    char *token, *text;

    (void) state;
    nothing_is_possible(p);
    assert_int_equal(peer_fails(p, "joinRoom", join_params("T", "t", ""), &text), 202);
    assert_string_equal(text, "Unable to join session. Session T cannot be found. Code: 202");
    free(text);
    assert_int_equal(peer_fails(p, "joinRoom", join_params("S", "tok", ""), &text), 401);
    assert_string_equal(text, "Unable to join session S. Token tok is not valid. Code: 401");
    free(text);
    nothing_is_possible(p);

    /* one token, two who want it */
    token = kit_make_token(kit, "S", "{}");
    other = peer_open(kit);
    peer_do(p, "joinRoom", join_params("S", token, ""));
    assert_int_equal(peer_fails(other, "joinRoom", join_params("S", token, ""), NULL), 401);
    nothing_is_possible(other);
    assert_int_equal(peer_fails(p, "joinRoom", join_params("S", token, ""), NULL), 104);
    free(token);

    /* after leaving, the same socket may come in again */
    peer_do(p, "leaveRoom", NULL);
    nothing_is_possible(p);
    kit_make_session(kit, "S");
    token = kit_make_token(kit, "S", "{}");
    peer_do(p, "joinRoom", join_params("S", token, ""));
    peer_do(p, "echo", NULL);
    free(token);
    peer_close(p);
    peer_close(other);
}

#define FLOW(name, begin) cmocka_unit_test_setup_teardown(name, begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_methods, setup),
        FLOW(test_mediasoup, setup_mediasoup),
        FLOW(test_wrong_types, setup),
        FLOW(test_odd_strings, setup),
        FLOW(test_texts_for_values, setup),
        FLOW(test_join_parameters, setup),
        FLOW(test_order, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
