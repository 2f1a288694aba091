// A list of todos for each user.
//
//   GET  /functions/v1/todos             lists the caller's
//   POST /functions/v1/todos             {"title":"…"} adds one
//   POST /functions/v1/todos/7/toggle    marks number 7 as done, or as not done
//
// No query here says whose todos are meant: the table's policies do
// (migrations/0001_create_todos.sql).
#include "roost.h"

// An error that the caller can mend is answered; of any other one, Roost makes a 500 and a line in
// the log.
static void answer_error(const roost_result* result) {
  const bool forbidden = roost_failed_with(result, "42501");  // insufficient_privilege
  const bool refused = roost_failed_with(result, "23514");    // check_violation
  if (forbidden) roost_respond_json(403, result->text, result->length);
  if (refused) roost_respond_json(400, result->text, result->length);
}

static void list(void) {
  roost_result result;
  if (!roost_query("SELECT id, title, done FROM todos ORDER BY id", NULL, &result)) {
    answer_error(&result);
    return;
  }
  const roost_json rows = roost_json_member(result.json, "rows");
  roost_respond_json(200, rows.at, (size_t)(rows.end - rows.at));
}

// Answers the one row that a statement returned; 404 when it returned none.
static void answer_row(int status, const char* sql, const roost_params* params) {
  roost_result result;
  if (!roost_query(sql, roost_params_json(params), &result)) {
    answer_error(&result);
    return;
  }
  roost_json row;
  roost_json rows = roost_rows(&result);
  if (roost_json_next(&rows, &row)) {
    roost_respond_json(status, row.at, (size_t)(row.end - row.at));
  } else {
    roost_respond_text(404, "there is no such todo");
  }
}

static void create(void) {
  size_t length = 0;
  const char* const body = roost_body(&length);
  const roost_json title = roost_json_member(roost_json_parse(body, length), "title");
  size_t title_length = 0;
  const char* const text = roost_json_new_text(title, &title_length);
  if (text == NULL) {
    roost_respond_text(400, "send {\"title\":\"…\"}");
    return;
  }
  roost_params params = {0};
  roost_params_text(&params, text, title_length);
  answer_row(201,
             "INSERT INTO todos (user_id, title) VALUES (auth.uid(), $1) "
             "RETURNING id, title, done",
             &params);
}

static void toggle(int64_t id) {
  roost_params params = {0};
  roost_params_int64(&params, id);
  answer_row(200, "UPDATE todos SET done = 1 - done WHERE id = $1 RETURNING id, title, done",
             &params);
}

void handle(void) {
  size_t length = 0;
  const char* const event = roost_event(&length);
  char method[8] = "";
  char path[64] = "";
  roost_json_string(event, length, "method", method, sizeof method);
  roost_json_string(event, length, "path", path, sizeof path);

  char* rest = path;
  const long long id = path[0] == '/' ? strtoll(path + 1, &rest, 10) : 0;
  if (strcmp(method, "GET") == 0 && strcmp(path, "/") == 0) {
    list();
  } else if (strcmp(method, "POST") == 0 && strcmp(path, "/") == 0) {
    create();
  } else if (strcmp(method, "POST") == 0 && rest > path + 1 && strcmp(rest, "/toggle") == 0) {
    toggle(id);
  } else {
    roost_respond_text(404, "GET or POST /todos, POST /todos/ID/toggle");
  }
}
