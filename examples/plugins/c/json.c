#include "json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const json_t NONE = {NULL, 0};

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static json_t piece(const char *at, const char *end) { return (json_t){at, (size_t)(end - at)}; }

/* Its first character tells what a value is. */
static char kind(json_t value) { return value.length > 0 ? value.at[0] : 0; }

/* Behind the value that begins at `at`: where, outside of all brackets and texts, something else begins. */
static const char *end_of(const char *at, const char *end) {
    size_t depth = 0;
    for (; at < end; at++) {
        if (*at == '"') {
            for (at++; at < end && *at != '"'; at++) at += *at == '\\';
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (depth > 0) {
            depth -= *at == '}' || *at == ']';
        } else if (is_space(*at) || *at == ',' || *at == ':' || *at == '}' || *at == ']') {
            break;
        }
    }
    return at < end ? at : end;
}

/* Steps through a list or an object from `*at`, which is NULL at first. */
static bool step(json_t whole, const char **at, json_t *name, json_t *value) {
    const char *end = whole.at + whole.length, *next = *at ? *at : whole.at + 1;
    while (next < end && (is_space(*next) || *next == ',')) next++;
    if (next >= end || *next == '}' || *next == ']') return false;
    *name = NONE;
    if (kind(whole) == '{') {
        *name = piece(next, end_of(next, end));
        next = name->at + name->length;
        while (next < end && (is_space(*next) || *next == ':')) next++;
    }
    *value = piece(next, end_of(next, end));
    *at = value->at + value->length;
    return true;
}

/* Reads four hexadecimal digits. */
static uint32_t unit(const char *digits) {
    char text[5] = {0};
    memcpy(text, digits, 4);
    return (uint32_t)strtoul(text, NULL, 16);
}

/* Reads one character of a text as Unicode counts them, whether it is written out or escaped. */
static uint32_t character(const char **at) {
    const uint8_t *bytes = (const uint8_t *)*at;
    if (bytes[0] != '\\') {
        static const uint8_t LENGTHS[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4};
        size_t length = LENGTHS[bytes[0] >> 4];
        uint32_t code = length == 1 ? bytes[0] : bytes[0] & (0x7f >> length);
        for (size_t i = 1; i < length; i++) code = code << 6 | (bytes[i] & 0x3f);
        *at += length;
        return code;
    }
    *at += 2;
    switch (bytes[1]) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return bytes[1];
    }
    uint32_t first = unit(*at);
    *at += 4;
    if (first >= 0xd800 && first < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        uint32_t second = unit(*at + 2);
        if (second >= 0xdc00 && second < 0xe000) {
            *at += 6;
            return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
    }
    return first;
}

static bool same_text(json_t one, json_t other) {
    const char *at = one.at + 1, *end = one.at + one.length - 1;
    const char *other_at = other.at + 1, *other_end = other.at + other.length - 1;
    while (at < end && other_at < other_end) {
        if (character(&at) != character(&other_at)) return false;
    }
    return at == end && other_at == other_end;
}

static size_t count(json_t whole) {
    size_t members = 0;
    const char *at = NULL;
    json_t name, value;
    while (step(whole, &at, &name, &value)) members++;
    return members;
}

static bool same_members(json_t one, json_t other) {
    if (count(one) != count(other)) return false;
    const char *at = NULL, *other_at = NULL;
    json_t name, value, other_name, other_value;
    while (step(one, &at, &name, &value)) {
        if (kind(one) == '{') {
            other_value = json_member(other, name);
        } else {
            step(other, &other_at, &other_name, &other_value);
        }
        if (!json_same(value, other_value)) return false;
    }
    return true;
}

json_t json_of(const void *text, size_t length) {
    const char *at = text, *end = at + length;
    while (at < end && is_space(*at)) at++;
    return piece(at, end_of(at, end));
}

bool json_is_something(json_t value) { return value.length > 0 && kind(value) != 'n'; }

json_t json_member(json_t object, json_t wanted) {
    const char *at = NULL;
    json_t name, value, found = NONE;
    if (kind(object) != '{') return NONE;
    /* Of several members of one name the last one holds, as everywhere. */
    while (step(object, &at, &name, &value)) {
        if (same_text(name, wanted)) found = value;
    }
    return found;
}

double json_number(json_t value, double otherwise) {
    char text[64] = {0};
    if (value.length == 0 || value.length >= sizeof text || (kind(value) != '-' && (kind(value) < '0' || kind(value) > '9'))) {
        return otherwise;
    }
    memcpy(text, value.at, value.length);
    return strtod(text, NULL);
}

bool json_same(json_t one, json_t other) {
    if (kind(one) != kind(other)) return false;
    switch (kind(one)) {
    case '{':
    case '[': return same_members(one, other);
    case '"': return same_text(one, other);
    default: return one.length == other.length && memcmp(one.at, other.at, one.length) == 0;
    }
}
