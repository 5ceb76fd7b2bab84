// unit: the parts of a checkpoint by themselves: the sum, JSON, layouts, the run's state.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint/json.h"
#include "checkpoint/layout.h"
#include "checkpoint/state.h"
#include "checkpoint/sum.h"
#include "toy.h"

static int failures;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            failures++;                                                                            \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                 \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
        }                                                                                          \
    } while (0)

// What the reference implementation gives.
static void sums(void)
{
    static const struct { const char *text; uint64_t seed, sum; } known[] = {
        {"", 0, 0xEF46DB3751D8E999}, {"abc", 0, 0x44BC2CF5AD770999},
        {"Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1},
        {"", 1, 0xD5AFBA1336A3BE4B},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK(lt_sum_of(known[i].text, strlen(known[i].text), known[i].seed) == known[i].sum,
              "\"%s\"", known[i].text);
    unsigned char data[300];
    for (int i = 0; i < 300; i++)
        data[i] = (unsigned char)(i * 31);
    for (size_t length = 0; length <= 300; length++)
        for (size_t cut = 0; cut <= length; cut += 13) {
            struct lt_sum sum;
            lt_sum_start(&sum, 7);
            lt_sum_add(&sum, data, cut / 2);
            lt_sum_add(&sum, data + cut / 2, cut - cut / 2);
            lt_sum_add(&sum, data + cut, length - cut);
            CHECK(lt_sum_value(&sum) == lt_sum_of(data, length, 7), "%zu cut at %zu", length, cut);
        }
}

// ---- JSON ---------------------------------------------------------------------------------------

static bool skips(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    struct lt_json json;
    memcpy(copy, text, length);
    lt_json_start(&json, copy, length);
    const bool fine = lt_json_skip(&json) && lt_json_end(&json);
    free(copy);
    return fine;
}

static void json_accepts(void)
{
    static const char *const good[] = {
        "{}", "[]", " [ ] ", "{\"a\":1}", "[1,2,[3,{\"x\":[]}],{}]", "[0,-0,1.5,-2e10,1E+5,1e-5]",
        "[true,false,null]", "[\"\",\"\\u0041\\n\\\"\",\"\\ud83d\\ude00\"]", "[[],[],{}]",
        "{\"a\":{\"b\":{}},\"c\":[]}", "[0e999]", "\"x\"", "[123456789012345678901234567890]",
    };
    static const char *const wrong[] = {
        "", "{", "[", "}", "{]", "[}", "[1,]", "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{a:1}",
        "[1 2]",
        "[01]", "[1.]", "[.5]", "[+1]", "[-]", "[1e]", "[1e400]", "[\"\\x\"]", "[\"\\u12\"]",
        "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"a", "[\"\t\"]", "[tru]",
        "[nul]", "[1]]", "[1]x", "{\"a\":1 \"b\":2}", "[,1]", "{,}", "['a']", "[1,[2,]]",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(skips(good[i], strlen(good[i])), "refused: %s", good[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!skips(wrong[i], strlen(wrong[i])), "accepted: %s", wrong[i]);
    char deep[4 * LT_JSON_DEPTH];
    for (int depth = LT_JSON_DEPTH; depth <= LT_JSON_DEPTH + 1; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        CHECK(skips(deep, 2 * (size_t)depth) == (depth == LT_JSON_DEPTH), "depth %d", depth);
    }
}

static void json_strings(void)
{
    static const char hard[] = "a\"b\\c\n\t\x01\xC3\xA4\xF0\x9F\x98\x80/";
    struct lt_text text = {0};
    struct lt_json json;
    struct lt_json_text back;
    lt_text_quoted(&text, hard);
    lt_json_start(&json, text.text, text.length);
    CHECK(lt_json_string(&json, &back) && lt_json_is(&back, hard), "%.*s", (int)back.length,
          back.text);
    free(text.text);
    text = (struct lt_text){0};
    lt_text_quoted(&text, "not \xFF UTF-8");
    CHECK(!strcmp(text.text, "\"not ? UTF-8\""), "%s", text.text);
    free(text.text);
    char escapes[] = "\"\\u0041\\u00e4\\u20ac\\ud83d\\ude00\\/\\b\\f\\r\"";
    lt_json_start(&json, escapes, strlen(escapes));
    CHECK(lt_json_string(&json, &back) && lt_json_is(&back, "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80/"
                                                     "\b\f\r"), "escapes");
}

// ---- layouts ------------------------------------------------------------------------------------

// Element by element as the contract says it, against the copying in rows and parts.
static int64_t place_of(const struct lt_variable *variable, int64_t element)
{
    int64_t at = 0;
    for (int axis = variable->rank - 1; axis >= 0; axis--) {
        const int64_t i = element % variable->shape[axis];
        element /= variable->shape[axis];
        at += variable->panel > 0 && axis == variable->panel_axis
            ? i / variable->panel * variable->panel_stride
                + i % variable->panel * variable->stride[axis]
            : i * variable->stride[axis];
    }
    return at;
}

static void layouts(void)
{
    static const struct lt_variable shapes[] = {
        {.dtype = LT_I32, .rank = 0},
        {.dtype = LT_I32, .rank = 1, .shape = {9}, .stride = {1}},
        {.dtype = LT_I32, .rank = 2, .shape = {5, 7}, .stride = {7, 1}},
        {.dtype = LT_I32, .rank = 2, .shape = {5, 7}, .stride = {1, 5}},
        {.dtype = LT_I32, .rank = 2, .shape = {5, 7}, .stride = {8, 1}},
        {.dtype = LT_I32, .rank = 2, .shape = {5, 7}, .stride = {1, 4}, .panel = 4,
         .panel_stride = 28, .panel_axis = 0},
        {.dtype = LT_I32, .rank = 2, .shape = {5, 7}, .stride = {3, 1}, .panel = 3,
         .panel_stride = 15, .panel_axis = 1},
        {.dtype = LT_I32, .rank = 4, .shape = {3, 2, 3, 2}, .stride = {2, 36, 6, 1}},
    };
    int32_t block[64], packed[64], back[64];
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const struct lt_variable *variable = &shapes[k];
        const int64_t count = lt_variable_count(variable);
        for (int i = 0; i < 64; i++)
            block[i] = i;
        for (int64_t step = 1; step <= count; step += 3)
            for (int64_t first = 0; first < count; first += step) {
                const int64_t here = count - first < step ? count - first : step;
                lt_variable_pack(variable, block, first, here, packed + first);
            }
        memset(back, 0xFF, sizeof back);
        for (int64_t first = 0; first < count; first += 4)
            lt_variable_unpack(variable, back, first, count - first < 4 ? count - first : 4,
                               packed + first);
        for (int64_t i = 0; i < count; i++) {
            const int64_t at = place_of(variable, i);
            CHECK(packed[i] == at && back[at] == at, "layout %zu element %lld", k, (long long)i);
            back[at] = -1;
        }
        for (int i = 0; i < 64; i++)
            CHECK(back[i] == -1, "layout %zu writes at %d", k, i);
    }
}

static void nans(void)
{
    const struct lt_variable half = {.dtype = LT_F16, .rank = 1, .shape = {3}, .stride = {1}};
    const uint16_t in[3] = {0xFFFF, 0x7C00, 0x7C01};
    uint16_t out[3];
    lt_variable_pack(&half, in, 0, 3, out);
    CHECK(out[0] == 0x7E00 && out[1] == 0x7C00 && out[2] == 0x7E00, "%x %x %x", out[0], out[1],
          out[2]);
}

// ---- the run's state ----------------------------------------------------------------------------

static void states(void)
{
    struct lt_run_state state = toy_state(9), back;
    struct lt_fault fault = {.text = ""};
    struct lt_text text = {0}, again = {0};
    lt_state_write(&text, &toy, &state);
    const struct lt_json_text read = {text.text, text.length};
    CHECK(lt_state_read(&read, &toy, &back, "file", &fault), "%s", fault.text);
    lt_state_write(&again, &toy, &back);
    CHECK(!strcmp(text.text, again.text), "\n%s\n%s", text.text, again.text);
    CHECK(back.seed == state.seed && back.split_seed == state.split_seed, "seeds");
    CHECK(signbit(back.state[1]) && back.metric[0] == 5e-324, "exact numbers");
    CHECK(lt_run_state_number(&back, "window", 0) == 0.7, "a number among the facts");
    CHECK(!lt_run_state_fact(&back, "absent"), "a fact that nobody set");
    lt_run_state_free(&back);
    char less[] = "{\"step\":4,\"new\":[1,{}],\"state\":{\"gone.x\":\"0x1p+0\"}}";
    const struct lt_json_text older = {less, strlen(less)};
    CHECK(lt_state_read(&older, &toy, &back, "file", &fault), "%s", fault.text);
    CHECK(back.step == 4 && back.state[0] == 1.5 && isnan(back.metric[0]), "what the file lacks");
    lt_run_state_free(&back);
    static const char *const wrong[] = {"", "[]", "{\"step\":1.5}", "{\"state\":{\"a\":1}}",
                                        "{\"kept\":[{}]}", "{\"state\":{\"a\":\"x\"}}", "{} {}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct lt_json_text bad = {(char *)wrong[i], strlen(wrong[i])};
        fault.text[0] = '\0';
        CHECK(!lt_state_read(&bad, &toy, &back, "file", &fault), "accepted: %s", wrong[i]);
    }
    lt_run_state_free(&state);
    free(text.text);
    free(again.text);
}

int main(void)
{
    sums();
    json_accepts();
    json_strings();
    layouts();
    nans();
    states();
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}
