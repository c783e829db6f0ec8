//===- YamlTest.cpp - settings are read strictly --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Yaml.h"
#include "xlstm/Support/Error.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

using namespace xlstm;

static std::filesystem::path write(const std::string &text) {
  std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "settings.yaml";
  std::ofstream(file) << text;
  return file;
}

/// The message that `action` fails with, without the folder.
template <typename Action>
static std::string messageOf(const std::string &text, Action action) {
  std::filesystem::path file = write(text);
  try {
    action(YamlNode::load(file));
  } catch (const Error &error) {
    std::string message = error.what(), folder = file.parent_path().string() + "/";
    size_t at = message.find(folder);
    return at == std::string::npos ? message : message.erase(at, folder.size());
  }
  return "no error";
}

TEST(Yaml, ReadsNestedValues) {
  YamlNode root = YamlNode::load(write("align:\n  steps: 40\n  rate: 1e-2\nnames: [a, b]\nfull: true\n"));
  EXPECT_EQ(root.at("align").at("steps").asInt(1), 40);
  EXPECT_DOUBLE_EQ(root.at("align").at("rate").asDouble(), 0.01);
  EXPECT_EQ(root.at("names").items().at(1).asString(), "b");
  EXPECT_TRUE(root.at("full").asBool());
  EXPECT_FALSE(root.find("other"));
  int64_t steps = 7;
  root.read("steps", steps);
  EXPECT_EQ(steps, 7);
}

TEST(Yaml, WritesItselfWithoutAnEntry) {
  auto textsOf = [](const std::string &text) {
    YamlNode root = YamlNode::load(write("a: " + text + "\n")).at("a");
    return std::array{root.text(), root.textWithout({"x"}), root.textWithout({"x"}, true)};
  };
  for (const char *text :
       {"1", "[1, x, 'y z']", "{b: 1, c: {d: \"2\", e: [3]}}", "\n  b: 1\n  c:\n    d: '2'\n    e: [3]"}) {
    auto [all, without, ofValues] = textsOf(text);
    EXPECT_EQ(without, all); // nothing there to leave out
    EXPECT_EQ(ofValues, all);
  }
  EXPECT_EQ(textsOf("{x: 1, b: 2, c: {x: 3, d: 4}}")[1], textsOf("{b: 2, c: {x: 3, d: 4}}")[0]);
  EXPECT_EQ(textsOf("{x: 1, b: 2, c: {x: 3, d: 4}}")[2], textsOf("{x: 1, b: 2, c: {d: 4}}")[0]);
}

TEST(Yaml, NamesFileLineKeyExpectedAndFound) {
  EXPECT_EQ(messageOf("a: 1\nb:\n  c: x\n", [](YamlNode n) { n.at("b").at("c").asInt(1, 9); }),
            "settings.yaml:3: 'b.c': expected a whole number of at least 1 and at most 9, found 'x'");
  EXPECT_EQ(messageOf("a: 1\nbb: 2\n",
                      [](YamlNode n) {
                        n.onlyKeys({"a", "b"});
                      }),
            "settings.yaml:2: 'bb': unknown key; expected one of a, b");
  EXPECT_EQ(messageOf("a: 1\n", [](YamlNode n) { n.at("z"); }), "settings.yaml:1: expected the key 'z', found none");
  EXPECT_EQ(messageOf("a: 1\na: 2\n", [](YamlNode n) { n.entries(); }),
            "settings.yaml:2: 'a': expected the key once, found it again");
  EXPECT_EQ(messageOf("a: nan\n", [](YamlNode n) { n.at("a").asDouble(); }),
            "settings.yaml:1: 'a': expected a number of at least 0, found 'nan'");
  EXPECT_EQ(messageOf("a: 1.5\n", [](YamlNode n) { n.at("a").asInt(); }),
            "settings.yaml:1: 'a': expected a whole number of at least 0, found '1.5'");
}

TEST(Yaml, RefusesWhatIsNoSettingsFile) {
  auto nothing = [](const YamlNode &) {};
  EXPECT_EQ(messageOf("- a\n", nothing), "settings.yaml:1: expected a map of settings, found a list");
  EXPECT_NE(messageOf("a: [1\n", nothing).find("settings.yaml:"), std::string::npos);
  EXPECT_NE(messageOf(std::string(5000, '['), nothing).find("at most 64 nested"), std::string::npos);
  std::string dashes;
  for (int n = 0; n < 200; ++n)
    dashes += "- ";
  EXPECT_NE(messageOf(dashes, nothing).find("at most 64 nested"), std::string::npos);
  EXPECT_THROW(YamlNode::load("no-such-file.yaml"), Error);
}
