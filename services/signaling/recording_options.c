#include "signaling/recording_options.h"

#include "base/bytes.h"

#include <errno.h>

#define DEFAULT_SHM_SIZE 536870912
#define MIN_SHM_SIZE 134217728
#define NAME_MAX_LEN 200
#define TEXT_MAX_LEN 1024

static const char *const output_modes[] = {"COMPOSED", "COMPOSED_QUICK_START", "INDIVIDUAL", NULL};
static const char *const layouts[] = {
    "BEST_FIT", "PICTURE_IN_PICTURE", "VERTICAL_PRESENTATION", "HORIZONTAL_PRESENTATION", "CUSTOM",
    NULL};

static const struct field fields[] = {
    {"name", .type = FIELD_STRING},
    {"hasAudio", .type = FIELD_BOOL},
    {"hasVideo", .type = FIELD_BOOL},
    {"outputMode", .type = FIELD_STRING, .allowed = output_modes},
    {"mediaNode", .type = FIELD_OBJECT},
};
static const struct field composed_fields[] = {
    {"recordingLayout", .type = FIELD_STRING, .allowed = layouts},
    {"customLayout", .type = FIELD_STRING},
    {"resolution", .type = FIELD_STRING},
    {"frameRate", .type = FIELD_NUMBER},
    {"shmSize", .type = FIELD_NUMBER},
};
static const struct field individual_fields[] = {{"ignoreFailedStreams", .type = FIELD_BOOL}};

static bool name_is_valid(const char *name)
{
    return strlen(name) <= NAME_MAX_LEN &&
           name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-~")] == '\0';
}

/* "WIDTHxHEIGHT", each 100 to 1999. */
static bool resolution_is_valid(const char *text)
{
    const char *x = strchr(text, 'x');
    uint64_t width, height;

    return x && bytes_to_u64(bytes_of(text, (size_t) (x - text)), 1999, &width) == 0 &&
           bytes_to_u64(bytes_str(x + 1), 1999, &height) == 0 && width >= 100 && height >= 100;
}

static int check_composed(json_t *given, struct problem *p)
{
    json_t *rate = body_get(given, "frameRate");
    json_t *shm = body_get(given, "shmSize");

    if (validate(given, composed_fields, sizeof(composed_fields) / sizeof(composed_fields[0]), p))
        return -EINVAL;
    if (strlen(body_string(given, "customLayout", "")) > TEXT_MAX_LEN)
        return problem_set(p, 400, "'customLayout' is too long");
    if (!resolution_is_valid(body_string(given, "resolution", "1280x720")))
        return problem_set(p, 422, "'resolution' must be WIDTHxHEIGHT, each from 100 to 1999");
    if (rate && (json_number_value(rate) < 1 || json_number_value(rate) > 120))
        return problem_set(p, 422, "'frameRate' must be from 1 to 120");
    if (shm && (json_number_value(shm) < MIN_SHM_SIZE || json_number_value(shm) > 1e15))
        return problem_set(p, 422, "'shmSize' must be at least %d", MIN_SHM_SIZE);
    return 0;
}

static json_int_t number_or(json_t *given, const char *name, json_int_t fallback)
{
    json_t *v = body_get(given, name);

    return v ? (json_int_t) json_number_value(v) : fallback;
}

static void add_composed(json_t *given, json_t *to)
{
    const char *layout = body_string(given, "recordingLayout", "BEST_FIT");

    json_object_set_new(to, "recordingLayout", json_string(layout));
    if (strcmp(layout, "CUSTOM") == 0)
        json_object_set_new(to, "customLayout",
                            json_string(body_string(given, "customLayout", "")));
    json_object_set_new(to, "resolution",
                        json_string(body_string(given, "resolution", "1280x720")));
    json_object_set_new(to, "frameRate", json_integer(number_or(given, "frameRate", 25)));
    json_object_set_new(to, "shmSize", json_integer(number_or(given, "shmSize", DEFAULT_SHM_SIZE)));
}

int media_node_parse(json_t *body, json_t **ret_node, struct problem *p)
{
    static const struct field inner[] = {{"id", .type = FIELD_STRING, .required = true}};
    json_t *given = body_get(body, "mediaNode");

    if (!given) {
        *ret_node = NULL;
        return 0;
    }
    if (!json_is_object(given))
        return problem_set(p, 400, "'mediaNode' must be an object");
    if (validate(given, inner, 1, p) < 0)
        return problem_set(p, 400, "'mediaNode' must have an 'id'");
    *ret_node = json_pack("{s:O}", "id", json_object_get(given, "id"));
    return 0;
}

int recording_options_parse(json_t *given, json_t **ret_options, struct problem *p)
{
    const char *mode;
    bool audio, video, individual;
    json_t *node = NULL, *o;

    if (validate(given, fields, sizeof(fields) / sizeof(fields[0]), p) < 0)
        return -EINVAL;
    if (!name_is_valid(body_string(given, "name", "")))
        return problem_set(p, 400, "'name' must be of [a-zA-Z0-9_-~]");
    mode = body_string(given, "outputMode", "COMPOSED");
    individual = strcmp(mode, "INDIVIDUAL") == 0;
    audio = body_bool(given, "hasAudio", true);
    video = body_bool(given, "hasVideo", true);
    if (individual ? validate(given, individual_fields, 1, p) < 0 : check_composed(given, p) < 0)
        return -EINVAL;
    if (!audio && !video)
        return problem_set(p, 422, "'hasAudio' and 'hasVideo' cannot both be false");
    if (media_node_parse(given, &node, p) < 0)
        return -EINVAL;
    o = json_pack("{s:s,s:b,s:b,s:s}", "name", body_string(given, "name", ""), "hasAudio", audio,
                  "hasVideo", video, "outputMode", mode);
    if (individual)
        json_object_set_new(o, "ignoreFailedStreams",
                            json_boolean(body_bool(given, "ignoreFailedStreams", false)));
    else if (video)
        add_composed(given, o);
    if (node)
        json_object_set_new(o, "mediaNode", node);
    *ret_options = o;
    return 0;
}
