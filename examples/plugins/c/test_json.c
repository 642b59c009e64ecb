/* `make test`: the JSON reader, as a program of this machine. */

#include <stdio.h>
#include <string.h>

#include "json.h"

static json_t json(const char *text) { return json_of(text, strlen(text)); }

static bool same(const char *one, const char *other) { return json_same(json(one), json(other)); }

static void check(bool holds, const char *what, int *failed) {
    if (!holds) {
        printf("FAILED: %s\n", what);
        (*failed)++;
    }
}
#define CHECK(holds) check(holds, #holds, &failed)

int main(void) {
    int failed = 0;

    CHECK(same("12", " 12 "));
    CHECK(!same("12", "1"));
    CHECK(!same("12", "\"12\""));
    CHECK(!same("null", "true"));
    CHECK(same("[1, 2]", "[1,2]"));
    CHECK(!same("[1, 2]", "[2, 1]"));
    CHECK(!same("[1, 2]", "[1, 2, 3]"));
    CHECK(same("{\"a\": 1, \"b\": [{}]}", "{\"b\":[{}],\"a\":1}"));
    CHECK(!same("{\"a\": 1}", "{\"a\": 1, \"b\": 1}"));
    CHECK(!same("{\"a\": 1, \"b\": 1}", "{\"a\": 1, \"c\": 1}"));

    CHECK(same("\"a\\n\\\"\"", "\"\\u0061\\u000a\\u0022\""));
    CHECK(same("\"\xc3\x9f\xe3\x83\xa8\xf0\x9f\x90\xa6\"", "\"\\u00df\\u30e8\\ud83d\\udc26\""));
    CHECK(!same("\"\\ud83d\"", "\"\\ud83d\\udc26\""));
    CHECK(!same("\"ab\"", "\"a\""));

    json_t object = json("{\"a\": {\"b\": 1}, \"b\": [\"}\", \"\\\\\"], \"c\": null, \"d\": 2.5, \"d\": 3.5e1}");
    CHECK(json_same(json_member(object, json("\"b\"")), json("[\"}\",\"\\\\\"]")));
    CHECK(json_number(json_member(object, json("\"d\"")), 0) == 35);
    CHECK(json_number(json_member(object, json("\"a\"")), 7) == 7);
    CHECK(json_number(json_member(object, json("\"x\"")), 7) == 7);
    CHECK(!json_is_something(json_member(object, json("\"c\""))));
    CHECK(!json_is_something(json_member(object, json("\"x\""))));
    CHECK(!json_is_something(json_member(json("[1]"), json("\"x\""))));
    CHECK(json_is_something(json_member(object, json("\"\\u0062\""))));

    if (failed == 0) printf("the JSON reader passed\n");
    return failed > 0;
}
