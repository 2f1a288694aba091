#include "cli/marked_line.h"

#include <string>

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(MarkedLine, TheCaretIsBelowTheCharacter) {
  EXPECT_EQ(marked_line("select x", 1), "LINE 1: select x\n        ^");
  EXPECT_EQ(marked_line("select x", 8), "LINE 1: select x\n               ^");
  EXPECT_EQ(marked_line("select", 7), "LINE 1: select\n              ^") << "the end of the text";
  EXPECT_EQ(marked_line("", 1), "LINE 1: \n        ^");
}

TEST(MarkedLine, OnlyTheLineOfThePlaceIsShown) {
  const std::string text = "a\n\nbc\nd";
  EXPECT_EQ(marked_line(text, 2), "LINE 1: a\n         ^") << "at a line's end";
  EXPECT_EQ(marked_line(text, 3), "LINE 2: \n        ^");
  EXPECT_EQ(marked_line(text, 4), "LINE 3: bc\n        ^");
  EXPECT_EQ(marked_line(text, 5), "LINE 3: bc\n         ^");
  EXPECT_EQ(marked_line(text, 7), "LINE 4: d\n        ^");
}

TEST(MarkedLine, PositionsCountCharactersAndNotBytes) {
  EXPECT_EQ(marked_line("'äöü€' x", 8), "LINE 1: 'äöü€' x\n               ^");
  EXPECT_EQ(marked_line("é", 2), "LINE 1: é\n         ^");
  EXPECT_EQ(marked_line("é", 3), "");
}

TEST(MarkedLine, TabsAreOneColumn) {
  EXPECT_EQ(marked_line("\t\tx\r\ny", 3), "LINE 1:   x \n          ^");
}

TEST(MarkedLine, ControlCharactersReachNoTerminal) {
  EXPECT_EQ(marked_line("\x1b[2J x", 6), "LINE 1: \\x1b[2J x\n                ^");
}

TEST(MarkedLine, LongLinesAreCutAroundThePlace) {
  const std::string text = std::string(100, 'a') + "X" + std::string(100, 'b');
  EXPECT_EQ(marked_line(text, 101), "LINE 1: …" + std::string(60, 'a') + "X" +
                                        std::string(59, 'b') + "…\n" + std::string(69, ' ') + "^");
  EXPECT_EQ(marked_line(std::string(60, 'a') + "X", 61),
            "LINE 1: " + std::string(60, 'a') + "X\n" + std::string(68, ' ') + "^");
}

TEST(MarkedLine, NoPlaceIsNoLine) {
  EXPECT_EQ(marked_line("x", 0), "");
  EXPECT_EQ(marked_line("x", -1), "");
  EXPECT_EQ(marked_line("x", 3), "");
  EXPECT_EQ(marked_line("", 2), "");
}

}  // namespace
}  // namespace cli
