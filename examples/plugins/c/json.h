/* Reading JSON where it stands: a value is a piece of a text, and nothing is copied. The text has to be JSON, as all that the host
   hands over is. */

#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

/* A value, from its first character to its last. Without a length it is none: a member that is not there. */
typedef struct {
    const char *at;
    size_t length;
} json_t;

/* The value of a text. */
json_t json_of(const void *text, size_t length);

/* Whether there is a value, and another one than `null`. */
bool json_is_something(json_t value);

/* The member `name`, a JSON string itself; none when `object` is no object or has no such member. */
json_t json_member(json_t object, json_t name);

/* The number that a value is; `otherwise` when it is none. */
double json_number(json_t value, double otherwise);

/* Whether two values are the same JSON, in whatever order their objects have their members, and however their texts are escaped. */
bool json_same(json_t one, json_t other);

#endif
