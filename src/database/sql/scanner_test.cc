#include "database/sql/scanner.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using database::sql::Scanner;
using database::sql::Token;

std::vector<std::string> tokens(std::string_view text) {
  Scanner scanner(text);
  std::vector<std::string> tokens;
  while (const auto token = scanner.next()) {
    EXPECT_EQ(text.substr(token->begin, token->text.size()), token->text);
    EXPECT_FALSE(token->text.empty());
    tokens.emplace_back(token->text);
  }
  return tokens;
}

using List = std::vector<std::string>;

TEST(Scanner, TellsQuotesAndCommentsApart) {
  EXPECT_EQ(tokens(""), List{});
  EXPECT_EQ(tokens(" \t\n-- a ; b\n/* ; /* ; */ ' */ "), List{});
  EXPECT_EQ(tokens("a--b\rc"), (List{"a", "c"}));
  EXPECT_EQ(tokens("'a;'';b' \"c;\"\"d\" e"), (List{"'a;'';b'", "\"c;\"\"d\"", "e"}));
  EXPECT_EQ(tokens("'a\\' b"), (List{"'a\\'", "b"}));
  EXPECT_EQ(tokens("E'a\\'b' e'\\\\' c"), (List{"E'a\\'b'", "e'\\\\'", "c"}));
  EXPECT_EQ(tokens("type'x'"), (List{"type", "'x'"}));
  EXPECT_EQ(tokens("a-b/c(*)"), (List{"a", "-", "b", "/", "c", "(", "*", ")"}));
}

TEST(Scanner, KnowsDollarQuotes) {
  EXPECT_EQ(tokens("$$a;'$$ b"), (List{"$$a;'$$", "b"}));
  EXPECT_EQ(tokens("$t$ $$ $u$ $t$;"), (List{"$t$ $$ $u$ $t$", ";"}));
  EXPECT_EQ(tokens("$1, $2$ x"), (List{"$", "1", ",", "$", "2$", "x"}));
  EXPECT_EQ(tokens("a$b$ c"), (List{"a$b$", "c"}));
  EXPECT_EQ(tokens("$\xC3\xA9$;$\xC3\xA9$"), (List{"$\xC3\xA9$;$\xC3\xA9$"}));
}

TEST(Scanner, WhatIsLeftOpenEndsWithTheText) {
  for (const char* text : {"'a", "\"a", "E'a\\", "$$a", "$t$a$", "E'\\'", "'a''"}) {
    EXPECT_EQ(tokens(text), List{text});
  }
  for (const char* text : {"/* a", "-- a", "/* /* */"}) EXPECT_EQ(tokens(text), List{}) << text;
  EXPECT_EQ(tokens("$"), List{"$"});
  EXPECT_EQ(tokens("$t"), (List{"$", "t"}));
}

TEST(Scanner, WordsAreComparedWithoutCase) {
  const auto is_using = [](std::string_view text) { return Scanner(text).next()->is("using"); };
  EXPECT_TRUE(is_using("UsInG"));
  EXPECT_FALSE(is_using("\"using\""));
  EXPECT_FALSE(is_using("'using'"));
  EXPECT_FALSE(is_using("usin"));
  EXPECT_FALSE(Token().is("using"));
}

}  // namespace
