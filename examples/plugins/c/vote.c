/* Saves the answer that enough people agree on as the task's result.

   What the host offers, and what it promises of each function, stands in `plugin.h`, which is made of the `.wit` files.

   Memory: a sandbox lives for one event, and all of it goes with the sandbox. What the bindings hand over is freed all the same, where it is
   no trouble: a task may have a thousand answers. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "plugin.h"

#define JSON(text) json_of(text, sizeof(text) - 1)

static const char SETTINGS_SCHEMA[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"question\":{\"type\":\"string\",\"minLength\":1,\"description\":"
    "\"The member of the answers that is voted on, where answers are JSON objects. Without it, the whole answer.\"},"
    "\"agreement\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"maximum\":1,\"default\":0.5,\"description\":"
    "\"The share of the counted answers that has to agree.\"},"
    "\"minimum\":{\"type\":\"integer\",\"minimum\":1,\"default\":1,\"description\":\"How many answers have to count.\"}"
    "},\"additionalProperties\":false}";

typedef struct {
    json_t question; /* none for the whole answer */
    double agreement;
    double minimum;
} settings_t;

static settings_t settings_of(const plugin_json_t *text) {
    json_t settings = json_of(text->ptr, text->len);
    return (settings_t){
        .question = json_member(settings, JSON("\"question\"")),
        .agreement = json_number(json_member(settings, JSON("\"agreement\"")), 0.5),
        .minimum = json_number(json_member(settings, JSON("\"minimum\"")), 1),
    };
}

/* As `printf`, into a string of its own. */
static plugin_string_t formatted(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) abort();
    return (plugin_string_t){(uint8_t *)text, (size_t)length};
}

static void say(plugin_string_t message) {
    crowdhook_plugin_log_list_field_t none = {NULL, 0};
    crowdhook_plugin_log_write(CROWDHOOK_PLUGIN_LOG_LEVEL_INFO, &message, &none);
    plugin_string_free(&message);
}

static plugin_list_string_t list_of_one(const char *text) {
    plugin_list_string_t list = {malloc(sizeof(plugin_string_t)), 1};
    if (!list.ptr) abort();
    plugin_string_dup(list.ptr, text);
    return list;
}

/* What this plugin is. Called once, when it is loaded; the bindings free what is handed to them here. */
void exports_plugin_describe(plugin_description_t *ret) {
    plugin_string_dup(&ret->name, "vote");
    plugin_string_dup(&ret->version, "0.1.0");
    plugin_string_dup(&ret->summary, "Saves the answer that enough people agree on.");
    ret->handles = list_of_one("task.completed");
    ret->needs = list_of_one("results");
    plugin_string_dup(&ret->settings_schema, SETTINGS_SCHEMA);
    plugin_string_dup(&ret->extra, "{}");
}

/* What is wrong with settings that fit the schema. */
void exports_plugin_check_settings(plugin_json_t *settings, plugin_list_problem_t *ret) {
    json_t question = settings_of(settings).question;
    bool has_blanks = question.length > 2 && (question.at[1] == ' ' || question.at[question.length - 2] == ' ');
    *ret = (plugin_list_problem_t){NULL, 0};
    if (has_blanks) {
        *ret = (plugin_list_problem_t){malloc(sizeof(plugin_problem_t)), 1};
        if (!ret->ptr) abort();
        plugin_string_dup(&ret->ptr->at, "/question");
        plugin_string_dup(&ret->ptr->message, "no answer has this name, with blanks around it; write it without them");
    }
    plugin_json_free(settings);
}

/* The value that most answers have, how many have it, and whether another one is as frequent. */
typedef struct {
    json_t answer;
    size_t votes;
    bool is_tie;
} most_t;

static most_t most_of(const json_t *values, size_t total) {
    most_t most = {0};
    for (size_t i = 0; i < total; i++) {
        size_t votes = 1;
        for (size_t j = 0; j < total; j++) {
            if (j == i || !json_same(values[i], values[j])) continue;
            if (j < i) break; /* this value was counted before */
            votes++;
        }
        if (votes > most.votes) most = (most_t){values[i], votes, false};
        else if (votes == most.votes) most.is_tie = true;
    }
    return most;
}

static bool decide(plugin_string_t *task, const json_t *values, size_t total, settings_t settings, plugin_failure_t *failure) {
    if (total < settings.minimum) {
        say(formatted("%zu answers count, %g are needed", total, settings.minimum));
        return true;
    }
    most_t most = most_of(values, total);
    if (most.is_tie) {
        say(formatted("several answers have %zu of %zu votes", most.votes, total));
        return true;
    }
    if ((double)most.votes / (double)total < settings.agreement) {
        say(formatted("%zu of %zu agree, a share of %g is needed", most.votes, total, settings.agreement));
        return true;
    }
    plugin_json_t result = formatted(
        "{\"answer\":%.*s,\"votes\":%zu,\"total\":%zu}", (int)most.answer.length, most.answer.at, most.votes, total);
    bool is_taken = crowdhook_plugin_results_save(task, &result, failure);
    plugin_json_free(&result);
    return is_taken;
}

/* Handles one event: reads now, and what it asks for is done once this has returned true. A failure of the host's is passed on as
   it is: the host knows what to do about its own (the platform cannot be reached, say). */
bool exports_plugin_handle(plugin_event_t *event, plugin_json_t *settings_text, plugin_failure_t *failure) {
    if (!event->task_id.is_some) return true;
    crowdhook_plugin_crowd_list_answer_t answers;
    if (!crowdhook_plugin_crowd_event_answers(&answers, failure)) return false;

    settings_t settings = settings_of(settings_text);
    json_t *values = calloc(answers.len + 1, sizeof(json_t));
    if (!values) abort();
    size_t total = 0;
    for (size_t i = 0; i < answers.len; i++) {
        json_t answer = json_of(answers.ptr[i].value.ptr, answers.ptr[i].value.len);
        json_t value = settings.question.length > 0 ? json_member(answer, settings.question) : answer;
        if (!answers.ptr[i].set_aside && json_is_something(value)) values[total++] = value;
    }
    bool is_ok = decide(&event->task_id.val, values, total, settings, failure);

    free(values);
    crowdhook_plugin_crowd_list_answer_free(&answers);
    plugin_event_free(event);
    plugin_json_free(settings_text);
    return is_ok;
}
