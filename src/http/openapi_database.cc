#include "http/openapi_database.h"

namespace http {
namespace {

constexpr std::string_view kSchemas = R"json(      "Rows": {
        "type": "object",
        "required": ["rows", "count"],
        "properties": {
          "rows": {"type": "array", "items": {"type": "object"}},
          "count": {"type": "integer", "description": "Rows returned, or changed by a statement that returns none"}
        }
      },
      "Migration": {
        "type": "object",
        "additionalProperties": false,
        "required": ["version", "name", "sql"],
        "properties": {
          "version": {"type": "integer", "minimum": 1},
          "name": {"type": "string"},
          "sql": {"type": "string"}
        }
      },
      "Table": {
        "type": "object",
        "required": ["table", "row_security", "forced", "grants", "policies"],
        "properties": {
          "table": {"type": "string"},
          "row_security": {"type": "boolean"},
          "forced": {"type": "boolean"},
          "grants": {
            "type": "object",
            "required": ["select", "insert", "update", "delete"],
            "properties": {
              "select": {"$ref": "#/components/schemas/Roles"},
              "insert": {"$ref": "#/components/schemas/Roles"},
              "update": {"$ref": "#/components/schemas/Roles"},
              "delete": {"$ref": "#/components/schemas/Roles"}
            }
          },
          "policies": {"type": "array", "items": {"$ref": "#/components/schemas/Policy"}}
        }
      },
      "Policy": {
        "type": "object",
        "required": ["name", "command", "permissive", "roles", "using", "check"],
        "properties": {
          "name": {"type": "string"},
          "command": {"enum": ["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"]},
          "permissive": {"type": "boolean"},
          "roles": {"$ref": "#/components/schemas/Roles"},
          "using": {"type": ["string", "null"]},
          "check": {"type": ["string", "null"]}
        }
      },
      "SqlError": {
        "type": "object",
        "required": ["error", "message", "code"],
        "properties": {
          "error": {"type": "string"},
          "message": {"type": "string"},
          "code": {"type": "string"},
          "sqlstate": {"type": "string", "description": "PostgreSQL's, absent where the request itself was wrong"},
          "class": {"type": "string", "description": "Its condition name"},
          "position": {"type": "integer", "description": "Characters of the statement, from 1"},
          "statement": {"type": "integer", "description": "Of a script: which, from 0"}
        }
      },
)json";

}  // namespace

std::string_view database_schemas() { return kSchemas; }

}  // namespace http
