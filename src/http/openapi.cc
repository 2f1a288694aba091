#include "http/openapi.h"

#include <string>

#include "http/openapi_database.h"
#include "http/openapi_events.h"

namespace http {
namespace {

// The document, but for what is said of events.
constexpr std::string_view kPaths = R"json({
  "openapi": "3.1.0",
  "info": {
    "title": "Roost admin API",
    "version": "1",
    "description": "Deploys and watches functions, and administers their database. Everything below /admin/v1 asks for a service_role key."
  },
  "servers": [{"url": "http://127.0.0.1:9401"}],
  "security": [{"bearer": []}, {"apikey": []}],
  "paths": {
    "/admin/v1/functions": {
      "get": {
        "summary": "Lists the functions in order of name",
        "responses": {
          "200": {
            "description": "All of them",
            "content": {"application/json": {"schema": {
              "type": "object",
              "required": ["functions"],
              "properties": {
                "functions": {"type": "array", "items": {"$ref": "#/components/schemas/Function"}}
              }
            }}}
          },
          "default": {"$ref": "#/components/responses/Error"}
        }
      },
      "post": {
        "summary": "Makes a new function",
        "requestBody": {"$ref": "#/components/requestBodies/Deployment"},
        "responses": {
          "201": {"$ref": "#/components/responses/Function"},
          "400": {"$ref": "#/components/responses/Error"},
          "409": {"$ref": "#/components/responses/Error"},
          "413": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/functions/{name}": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "get": {
        "summary": "One function",
        "responses": {
          "200": {"$ref": "#/components/responses/Function"},
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      },
      "put": {
        "summary": "Deploys the next version",
        "description": "The name may be left out of the config; where it is given, it must be the path's.",
        "parameters": [
          {"name": "canary", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 100},
           "description": "The new version is the canary and gets this percent of the HTTP calls; the one that runs stays"},
          {"name": "canary_header", "in": "query", "schema": {"type": "string"},
           "description": "Calls with this header get the canary too: `name` or `name: value`"}
        ],
        "requestBody": {"$ref": "#/components/requestBodies/Deployment"},
        "responses": {
          "200": {"$ref": "#/components/responses/Function"},
          "400": {"$ref": "#/components/responses/Error"},
          "404": {"$ref": "#/components/responses/Error"},
          "413": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      },
      "patch": {
        "summary": "Enables or disables it",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {
            "type": "object",
            "additionalProperties": false,
            "required": ["enabled"],
            "properties": {"enabled": {"type": "boolean"}}
          }}}
        },
        "responses": {
          "200": {"$ref": "#/components/responses/Function"},
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      },
      "delete": {
        "summary": "Deletes it with all its versions",
        "responses": {
          "204": {"description": "It is gone"},
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/functions/{name}/versions": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "get": {
        "summary": "Its versions, oldest first",
        "responses": {
          "200": {
            "description": "All of them",
            "content": {"application/json": {"schema": {
              "type": "object",
              "required": ["versions"],
              "properties": {
                "versions": {"type": "array", "items": {"$ref": "#/components/schemas/Version"}}
              }
            }}}
          },
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/functions/{name}/rollback": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "post": {
        "summary": "Makes another of its versions the one that runs",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {
            "type": "object",
            "additionalProperties": false,
            "required": ["version"],
            "properties": {"version": {"type": "integer", "minimum": 1}}
          }}}
        },
        "responses": {
          "200": {"$ref": "#/components/responses/Function"},
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/functions/{name}/canary": {
      "parameters": [{"$ref": "#/components/parameters/Name"}],
      "put": {
        "summary": "Gives another of its versions to some of its HTTP calls",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {
            "type": "object",
            "additionalProperties": false,
            "required": ["version"],
            "properties": {
              "version": {"type": "integer", "minimum": 1},
              "percent": {"type": "integer", "minimum": 0, "maximum": 100},
              "header": {"type": ["string", "null"], "description": "`name` or `name: value`"}
            }
          }}}
        },
        "responses": {
          "200": {"$ref": "#/components/responses/Function"},
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      },
      "delete": {
        "summary": "All calls get the version that runs",
        "responses": {
          "200": {"$ref": "#/components/responses/Function"},
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/functions/{name}/logs": {
      "parameters": [
        {"$ref": "#/components/parameters/Name"},
        {"$ref": "#/components/parameters/Limit"}, {"$ref": "#/components/parameters/Status"},
        {"$ref": "#/components/parameters/Trigger"}, {"$ref": "#/components/parameters/User"},
        {"$ref": "#/components/parameters/Since"}, {"$ref": "#/components/parameters/Until"},
        {"$ref": "#/components/parameters/After"}, {"$ref": "#/components/parameters/Follow"}
      ],
      "get": {
        "summary": "The invocations of one function",
        "responses": {
          "200": {"$ref": "#/components/responses/Logs"},
          "404": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/logs": {
      "parameters": [
        {"$ref": "#/components/parameters/Limit"}, {"$ref": "#/components/parameters/Status"},
        {"$ref": "#/components/parameters/Trigger"}, {"$ref": "#/components/parameters/User"},
        {"$ref": "#/components/parameters/Since"}, {"$ref": "#/components/parameters/Until"},
        {"$ref": "#/components/parameters/After"}, {"$ref": "#/components/parameters/Follow"}
      ],
      "get": {
        "summary": "The invocations of all functions",
        "responses": {
          "200": {"$ref": "#/components/responses/Logs"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/sql": {
      "post": {
        "summary": "Runs SQL: a script as the administrator, or one statement as a caller",
        "description": "Without `as` the script is in the database's own dialect, policy statements among it, and runs in one transaction. With `as` the statement is a function's db_query, made by that caller. At most 8 MiB and 30 s.",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {
            "type": "object",
            "additionalProperties": false,
            "required": ["sql"],
            "properties": {
              "sql": {"type": "string"},
              "params": {"type": "array", "description": "Only with `as`"},
              "as": {"$ref": "#/components/schemas/Caller"}
            }
          }}}
        },
        "responses": {
          "200": {
            "description": "What came of each statement",
            "content": {"application/json": {"schema": {
              "type": "object",
              "required": ["results"],
              "properties": {
                "results": {"type": "array", "items": {"$ref": "#/components/schemas/Rows"}}
              }
            }}}
          },
          "400": {"$ref": "#/components/responses/SqlError"},
          "413": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/migrations": {
      "post": {
        "summary": "Runs the migrations that have not run, in order of version",
        "description": "Each in a transaction of its own. One that ran and has changed since is refused before any runs. At most 8 MiB and 10 minutes.",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {
            "type": "object",
            "additionalProperties": false,
            "required": ["migrations"],
            "properties": {
              "migrations": {"type": "array", "items": {"$ref": "#/components/schemas/Migration"}}
            }
          }}}
        },
        "responses": {
          "200": {
            "description": "The versions that ran now",
            "content": {"application/json": {"schema": {
              "type": "object",
              "required": ["applied"],
              "properties": {"applied": {"type": "array", "items": {"type": "integer"}}}
            }}}
          },
          "400": {"$ref": "#/components/responses/SqlError"},
          "413": {"$ref": "#/components/responses/Error"},
          "500": {"$ref": "#/components/responses/SqlError"},
          "504": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/backup": {
      "post": {
        "summary": "Makes a backup and answers with it: a tar file for roost restore, without the master key",
        "parameters": [{
          "name": "journal", "in": "query", "schema": {"const": true},
          "description": "The invocations, too"
        }],
        "responses": {
          "200": {"description": "The file", "content": {"application/x-tar": {}}},
          "409": {"$ref": "#/components/responses/Error"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/admin/v1/policies": {
      "get": {
        "summary": "The user's tables: row security, grants and policies",
        "responses": {
          "200": {
            "description": "All of them",
            "content": {"application/json": {"schema": {
              "type": "object",
              "required": ["tables"],
              "properties": {
                "tables": {"type": "array", "items": {"$ref": "#/components/schemas/Table"}}
              }
            }}}
          },
          "500": {"$ref": "#/components/responses/SqlError"},
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
)json";

constexpr std::string_view kRest = R"json(    "/admin/v1/openapi.json": {
      "get": {
        "summary": "This document",
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}}
      }
    },
    "/metrics": {
      "get": {
        "summary": "Counters in Prometheus' text form",
        "security": [],
        "responses": {"200": {"description": "Version 0.0.4", "content": {"text/plain": {}}}}
      }
    },
    "/healthz": {
      "get": {
        "summary": "Whether the process answers",
        "security": [],
        "responses": {"200": {"description": "It does", "content": {"application/json": {}}}}
      }
    },
    "/readyz": {
      "get": {
        "summary": "Whether it takes new requests",
        "security": [],
        "responses": {
          "200": {"description": "It does", "content": {"application/json": {}}},
          "503": {"$ref": "#/components/responses/Error"}
        }
      }
    }
  },
  "components": {
    "securitySchemes": {
      "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
      "apikey": {"type": "apiKey", "in": "header", "name": "apikey"}
    },
    "parameters": {
      "Name": {
        "name": "name", "in": "path", "required": true,
        "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_-]*$", "maxLength": 64}
      },
      "Limit": {
        "name": "limit", "in": "query", "description": "The newest this many, oldest first",
        "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}
      },
      "Status": {
        "name": "status", "in": "query",
        "schema": {"enum": ["success", "error", "timeout", "memory_exceeded", "cpu_limit"]}
      },
      "Trigger": {
        "name": "trigger", "in": "query", "schema": {"enum": ["http", "database", "schedule"]}
      },
      "User": {
        "name": "user", "in": "query", "description": "Only those that ran as this user",
        "schema": {"type": "string", "minLength": 1}
      },
      "Since": {
        "name": "since", "in": "query",
        "description": "Only those that started at this time or later: RFC 3339, or how long ago, as in `15m`",
        "schema": {"type": "string"}
      },
      "Until": {
        "name": "until", "in": "query",
        "description": "Only those that started before this time: RFC 3339, or how long ago, as in `15m`",
        "schema": {"type": "string"}
      },
      "After": {
        "name": "after", "in": "query", "description": "Only entries after the one of this id",
        "schema": {"type": "string"}
      },
      "Follow": {
        "name": "follow", "in": "query",
        "description": "Go on with each new entry, as one JSON object per line",
        "schema": {"type": "boolean", "default": false}
      }
    },
    "requestBodies": {
      "Deployment": {
        "required": true,
        "content": {"multipart/form-data": {
          "schema": {
            "type": "object",
            "required": ["config", "module"],
            "properties": {
              "config": {"$ref": "#/components/schemas/Config"},
              "module": {"type": "string", "contentMediaType": "application/wasm"}
            }
          },
          "encoding": {
            "config": {"contentType": "application/json"},
            "module": {"contentType": "application/wasm"}
          }
        }}
      }
    },
    "responses": {
      "Function": {
        "description": "The function as it is now",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Function"}}}
      },
      "Logs": {
        "description": "Entries; with follow=true a stream of them",
        "content": {
          "application/json": {"schema": {
            "type": "object",
            "required": ["entries"],
            "properties": {
              "entries": {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}}
            }
          }},
          "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Entry"}}
        }
      },
      "SqlError": {
        "description": "What went wrong, in PostgreSQL's terms too",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SqlError"}}}
      },
      "Error": {
        "description": "What went wrong",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
      }
    },
    "schemas": {
      "Config": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "name": {"type": "string"},
          "verify_jwt": {"type": "boolean", "default": true},
          "service_role": {"type": "boolean", "default": false},
          "timeout": {"type": ["string", "number"], "default": "10s"},
          "cpu": {"type": ["string", "number"]},
          "memory": {"type": ["string", "number"], "default": "128MiB"},
          "max_response": {"type": ["string", "number"], "default": "6MiB"},
          "max_log": {"type": ["string", "number"], "default": "256KiB"},
          "env": {"type": "object", "additionalProperties": {"type": "string"}},
          "triggers": {"type": "array", "items": {"type": "string"}, "default": ["http"]}
        }
      },
      "Function": {
        "type": "object",
        "required": ["name", "enabled", "version", "module_sha256", "module_bytes", "created_at", "config"],
        "properties": {
          "name": {"type": "string"},
          "enabled": {"type": "boolean"},
          "version": {"type": "integer"},
          "previous_version": {"type": "integer", "description": "Which ran before; left out when none did"},
          "module_sha256": {"type": "string"},
          "module_bytes": {"type": "integer"},
          "created_at": {"type": "string", "format": "date-time"},
          "config": {"$ref": "#/components/schemas/Config"},
          "canary": {
            "description": "Left out without one",
            "type": "object",
            "required": ["version", "percent", "header"],
            "properties": {
              "version": {"type": "integer"},
              "percent": {"type": "integer"},
              "header": {"type": ["string", "null"]}
            }
          },
          "faults": {
            "description": "Triggers that do not fire as they are written; left out without any",
            "type": "array",
            "items": {
              "type": "object",
              "required": ["trigger", "reason"],
              "properties": {"trigger": {"type": "string"}, "reason": {"type": "string"}}
            }
          }
        }
      },
      "Version": {
        "type": "object",
        "required": ["version", "module_sha256", "module_bytes", "created_at", "config"],
        "properties": {
          "version": {"type": "integer"},
          "module_sha256": {"type": "string"},
          "module_bytes": {"type": "integer"},
          "created_at": {"type": "string", "format": "date-time"},
          "config": {"$ref": "#/components/schemas/Config"}
        }
      },
      "Entry": {
        "type": "object",
        "required": ["id", "function", "version", "trigger", "status", "duration_us", "cpu_us",
                     "peak_memory_bytes", "error", "user_id", "time", "lines"],
        "properties": {
          "id": {"type": "string", "format": "uuid"},
          "function": {"type": "string"},
          "version": {"type": "integer"},
          "trigger": {"enum": ["http", "database", "schedule"]},
          "status": {"enum": ["success", "error", "timeout", "memory_exceeded", "cpu_limit"]},
          "duration_us": {"type": "integer"},
          "cpu_us": {"type": "integer"},
          "peak_memory_bytes": {"type": "integer"},
          "error": {"type": ["string", "null"]},
          "user_id": {"type": ["string", "null"]},
          "time": {"type": "string", "format": "date-time"},
          "lines": {"type": "array", "items": {"type": "string"}}
        }
      },
      "Caller": {
        "type": "object",
        "additionalProperties": false,
        "required": ["role"],
        "properties": {
          "role": {"$ref": "#/components/schemas/Role"},
          "user_id": {"type": "string", "description": "The token's sub"},
          "claims": {"type": "object", "description": "Further claims of the token"}
        }
      },
      "Role": {"enum": ["anon", "authenticated", "service_role"]},
      "Roles": {"type": "array", "items": {"enum": ["public", "anon", "authenticated", "service_role"]}},
)json";

constexpr std::string_view kError = R"json(      "Error": {
        "type": "object",
        "required": ["error", "message", "code"],
        "properties": {
          "error": {"type": "string"},
          "message": {"type": "string"},
          "code": {"type": "string"}
        }
      }
    }
  }
}
)json";

}  // namespace

std::string_view openapi_json() {
  static const std::string kDocument = std::string(kPaths)
                                           .append(event_paths())
                                           .append(kRest)
                                           .append(event_schemas())
                                           .append(database_schemas())
                                           .append(kError);
  return kDocument;
}

}  // namespace http
