#include "http/openapi_events.h"

namespace http {
namespace {

constexpr std::string_view kPaths = R"json(    "/admin/v1/events": {
      "get": {
        "summary": "Events that have not been delivered, newest first",
        "description": "Delivered ones too, while they are kept. Payloads are shown one by one.",
        "parameters": [
          {"name": "state", "in": "query", "schema": {"$ref": "#/components/schemas/EventState"}},
          {"name": "function", "in": "query", "schema": {"type": "string"}},
          {"name": "before", "in": "query", "description": "Only events of lower ids: the next page", "schema": {"type": "integer"}},
          {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}}
        ],
        "responses": {
          "200": {
            "description": "At most `limit` of them",
            "content": {"application/json": {"schema": {"type": "object", "required": ["events"], "properties": {"events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}}}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/events/stats": {
      "get": {
        "summary": "How many events each function has in which state",
        "responses": {
          "200": {
            "description": "In order of function",
            "content": {"application/json": {"schema": {"type": "object", "required": ["stats"], "properties": {"stats": {"type": "array", "items": {"$ref": "#/components/schemas/EventStats"}}}}}}
          },
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/events/{id}": {
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}}],
      "get": {
        "summary": "One event with its payload and its failed attempts",
        "responses": {
          "200": {
            "description": "The event",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EventDetails"}}}
          },
          "404": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/events/{id}/explain": {
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}}],
      "get": {
        "summary": "Why an event has not run yet or what became of it, and what will happen when",
        "responses": {
          "200": {
            "description": "In words",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Explanation"}}}
          },
          "404": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/events/redeliver": {
      "post": {
        "summary": "Lets dead events run again",
        "description": "Delivered ones too where they are kept and the body names them by `id` or `\"state\":\"delivered\"`. A body that names none is refused.",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Redelivery"}}}
        },
        "responses": {
          "200": {
            "description": "How many",
            "content": {"application/json": {"schema": {"type": "object", "required": ["redelivered"], "properties": {"redelivered": {"type": "integer"}}}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "409": {"$ref": "#/components/responses/Error"},
          "413": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/events/discard": {
      "post": {
        "summary": "Deletes events for good",
        "description": "All that match and do not run now. A body that names none is refused.",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EventFilter"}}}
        },
        "responses": {
          "200": {
            "description": "How many",
            "content": {"application/json": {"schema": {"type": "object", "required": ["discarded"], "properties": {"discarded": {"type": "integer"}}}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "409": {"$ref": "#/components/responses/Error"},
          "413": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/dead-letters": {
      "get": {
        "summary": "Events whose last attempt failed, newest first",
        "parameters": [
          {"name": "function", "in": "query", "schema": {"type": "string"}},
          {"name": "before", "in": "query", "description": "Only events of lower ids: the next page", "schema": {"type": "integer"}},
          {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}}
        ],
        "responses": {
          "200": {
            "description": "At most `limit` of them",
            "content": {"application/json": {"schema": {"type": "object", "required": ["events"], "properties": {"events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}}}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/dead-letters/redeliver": {
      "post": {
        "summary": "Lets dead events run again",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Redelivery"}}}
        },
        "responses": {
          "200": {
            "description": "How many",
            "content": {"application/json": {"schema": {"type": "object", "required": ["redelivered"], "properties": {"redelivered": {"type": "integer"}}}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "409": {"$ref": "#/components/responses/Error"},
          "413": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/schedules": {
      "get": {
        "summary": "The schedules of cron triggers, and the single runs that are to come",
        "responses": {
          "200": {
            "description": "All of them",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Schedules"}}}
          },
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/schedules/{name}/pause": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "post": {
        "summary": "Lets a schedule enqueue nothing",
        "requestBody": {
          "required": false,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ScheduleName"}}}
        },
        "responses": {
          "200": {
            "description": "The schedule as it is now",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Schedule"}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/schedules/{name}/resume": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "post": {
        "summary": "Lets a paused schedule go on",
        "description": "From now on: what passed while it was paused is not made up for.",
        "requestBody": {
          "required": false,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ScheduleName"}}}
        },
        "responses": {
          "200": {
            "description": "The schedule as it is now",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Schedule"}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/schedules/{name}/run": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "post": {
        "summary": "Runs a schedule's function at once",
        "description": "Under the trigger's rule of overlap: 409 where that is forbid and a run has not ended.",
        "requestBody": {
          "required": false,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ScheduleName"}}}
        },
        "responses": {
          "202": {
            "description": "It is enqueued",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Enqueued"}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "409": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/schedules/at": {
      "post": {
        "summary": "Runs a function once, at a given time",
        "description": "Retried and kept as every event. Discarding the event calls it off.",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RunAt"}}}
        },
        "responses": {
          "202": {
            "description": "It is enqueued",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Enqueued"}}}
          },
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "413": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
)json";

constexpr std::string_view kSchemas =
    R"json(      "EventState": {"enum": ["pending", "leased", "dead", "delivered"]},
      "Event": {
        "type": "object",
        "required": ["id", "function", "trigger", "state", "version", "key", "lane", "attempt",
                     "failures", "due_at", "created_at", "depth", "writer", "run_as", "format",
                     "transactional"],
        "properties": {
          "id": {"type": "integer"},
          "function": {"type": "string"},
          "trigger": {"enum": ["database", "schedule"]},
          "state": {"$ref": "#/components/schemas/EventState"},
          "version": {"type": ["integer", "null"], "description": "That it has to run on; null: the current one"},
          "key": {"type": "string", "description": "The same over all attempts"},
          "lane": {"type": "string", "description": "Which row, or which run; events of one lane run in order"},
          "attempt": {"type": "integer", "description": "How many have begun"},
          "failures": {"type": "integer", "description": "Since it was last redelivered"},
          "due_at": {"type": ["string", "null"], "format": "date-time", "description": "Of one that is leased the end of its lease, of a delivered one when it was; null: dead"},
          "created_at": {"type": "string", "format": "date-time"},
          "depth": {"type": "integer", "description": "How many events led to it, and itself"},
          "writer": {
            "type": ["object", "null"],
            "properties": {
              "role": {"$ref": "#/components/schemas/Role"},
              "user_id": {"type": ["string", "null"]}
            }
          },
          "run_as": {"type": ["string", "null"], "description": "The trigger's role; null: the writer's"},
          "format": {"enum": ["roost", "supabase", "cloudevents"]},
          "transactional": {"type": "boolean"}
        }
      },
      "EventDetails": {
        "allOf": [{"$ref": "#/components/schemas/Event"}],
        "type": "object",
        "required": ["blocked_by", "attempts", "payload"],
        "properties": {
          "blocked_by": {"type": ["integer", "null"], "description": "The earlier event of its lane that it waits for"},
          "attempts": {"type": "array", "items": {"$ref": "#/components/schemas/Attempt"}},
          "payload": {"type": ["object", "string"], "description": "A string where it is no JSON"}
        }
      },
      "Attempt": {
        "type": "object",
        "required": ["attempt", "at", "invocation", "error", "lines"],
        "properties": {
          "attempt": {"type": "integer"},
          "at": {"type": "string", "format": "date-time"},
          "invocation": {"type": ["string", "null"], "description": "The journal's entry"},
          "error": {"type": "string"},
          "lines": {"type": "array", "items": {"type": "string"}}
        }
      },
      "Explanation": {
        "type": "object",
        "required": ["id", "state", "explanation"],
        "properties": {
          "id": {"type": "integer"},
          "state": {"$ref": "#/components/schemas/EventState"},
          "explanation": {"type": "string"}
        }
      },
      "EventStats": {
        "type": "object",
        "required": ["function", "pending", "leased", "dead", "delivered", "oldest"],
        "properties": {
          "function": {"type": "string"},
          "pending": {"type": "integer"},
          "leased": {"type": "integer"},
          "dead": {"type": "integer"},
          "delivered": {"type": "integer"},
          "oldest": {"type": ["string", "null"], "format": "date-time", "description": "Of those pending or leased"}
        }
      },
      "EventFilter": {
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
          "id": {"type": "integer", "minimum": 1, "description": "Alone"},
          "function": {"type": "string"},
          "state": {"$ref": "#/components/schemas/EventState"},
          "all": {"const": true, "description": "Alone"}
        }
      },
      "Redelivery": {
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
          "id": {"type": "integer", "minimum": 1},
          "function": {"type": "string"},
          "state": {"enum": ["dead", "delivered"], "default": "dead"},
          "all": {"const": true},
          "version": {
            "enum": ["current", "own"], "default": "current",
            "description": "own: the function's version when the event was captured"
          }
        }
      },
      "Schedule": {
        "type": "object",
        "required": ["function", "pattern", "zone", "next_at", "last_at", "paused", "missed", "overlap"],
        "properties": {
          "function": {"type": "string"},
          "pattern": {"type": "string"},
          "zone": {"type": "string"},
          "next_at": {"type": ["string", "null"], "format": "date-time"},
          "last_at": {"type": ["string", "null"], "format": "date-time"},
          "paused": {"type": "boolean"},
          "missed": {"enum": ["skip", "once", "all"]},
          "overlap": {"enum": ["allow", "forbid", "replace"]}
        }
      },
      "Schedules": {
        "type": "object",
        "required": ["schedules", "once"],
        "properties": {
          "schedules": {"type": "array", "items": {"$ref": "#/components/schemas/Schedule"}},
          "once": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["event", "function", "at"],
              "properties": {
                "event": {"type": "integer"},
                "function": {"type": "string"},
                "at": {"type": "string", "format": "date-time"}
              }
            }
          }
        }
      },
      "Enqueued": {
        "type": "object",
        "required": ["event", "at"],
        "properties": {
          "event": {"type": "integer", "description": "Its id"},
          "at": {"type": "string", "format": "date-time"}
        }
      },
      "ScheduleName": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "pattern": {"type": "string", "description": "Which, where the function has several"}
        }
      },
      "RunAt": {
        "type": "object",
        "additionalProperties": false,
        "required": ["function", "at"],
        "properties": {
          "function": {"type": "string"},
          "at": {"type": "string", "description": "RFC 3339 with its offset, or a span from now: +10m"},
          "payload": {"description": "What the function reads as its event's `payload`"}
        }
      },
)json";

}  // namespace

std::string_view event_paths() { return kPaths; }
std::string_view event_schemas() { return kSchemas; }

}  // namespace http
