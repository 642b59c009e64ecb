/* A plugin in C that prints: a core module which imports the older WASI. See README.md. */

#include <stdio.h>
#include <stdlib.h>

#include "plugin.h"

void exports_plugin_describe(plugin_description_t *ret) {
    plugin_string_dup(&ret->name, "prints");
    plugin_string_dup(&ret->version, "0.1.0");
    plugin_string_dup(&ret->summary, "Prints.");
    ret->handles = (plugin_list_string_t){malloc(sizeof(plugin_string_t)), 1};
    plugin_string_dup(ret->handles.ptr, "task.completed");
    ret->needs = (plugin_list_string_t){NULL, 0};
    plugin_string_dup(&ret->settings_schema, "{}");
    plugin_string_dup(&ret->extra, "{}");
}

void exports_plugin_check_settings(plugin_json_t *settings, plugin_list_problem_t *ret) {
    plugin_json_free(settings);
    *ret = (plugin_list_problem_t){NULL, 0};
}

bool exports_plugin_handle(plugin_event_t *event, plugin_json_t *settings, plugin_failure_t *failure) {
    (void)failure;
    printf("%s %.*s\n", "printed for task", (int)event->task_id.val.len, event->task_id.val.ptr);
    fprintf(stderr, "said on stderr\n");
    plugin_event_free(event);
    plugin_json_free(settings);
    return true;
}
