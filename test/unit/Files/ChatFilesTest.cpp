//===- ChatFilesTest.cpp - where a chat template is found -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestFolder.h"

#include "xlstm/Runtime/Files/ChatFiles.h"

using namespace xlstm;

class ChatFilesTest : public test::TestFolder {
protected:
  /// The template's text, "none" where there is none.
  std::string text() const {
    auto files = findChatTemplate(folder);
    return files ? files->text : "none";
  }
};

TEST_F(ChatFilesTest, TheFileOfItsOwnWins) {
  EXPECT_EQ(text(), "none");
  put("chat_template.json", R"({"chat_template": "wrapped"})");
  EXPECT_EQ(text(), "wrapped");
  put("tokenizer_config.json", R"({"chat_template": null})");
  EXPECT_EQ(text(), "wrapped");
  put("tokenizer_config.json", R"({"chat_template": "inside"})");
  EXPECT_EQ(text(), "inside");
  put("chat_template.jinja", "alone");
  EXPECT_EQ(text(), "alone");
}

TEST_F(ChatFilesTest, OfNamedOnesTheDefault) {
  put("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "t"},
                                                     {"name": "default", "template": "d"}]})");
  EXPECT_EQ(text(), "d");
  EXPECT_EQ(findChatTemplate(folder)->textFor(/*hasTools=*/false), "d");
  EXPECT_EQ(findChatTemplate(folder)->textFor(/*hasTools=*/true), "t");
  put("tokenizer_config.json", R"({"chat_template": "inside"})");
  EXPECT_EQ(findChatTemplate(folder)->textFor(/*hasTools=*/true), "inside");
  put("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "t"}]})");
  EXPECT_ERROR(text(), "tokenizer_config.json: chat_template: expected a template named 'default'");
  put("tokenizer_config.json", R"({"chat_template": [3]})");
  EXPECT_ERROR(text(), "expected objects with the strings 'name' and 'template'");
  put("tokenizer_config.json", R"({"chat_template": 3})");
  EXPECT_ERROR(text(), "expected a string or a list, found number");
  put("tokenizer_config.json", "[]");
  EXPECT_ERROR(text(), "expected an object, found array");
}

TEST_F(ChatFilesTest, TokensOfBothFiles) {
  put("chat_template.jinja", "t");
  put("tokenizer_config.json", R"({"bos_token": {"content": "<b>"}, "eos_token": null, "add_bos_token": true})");
  put("special_tokens_map.json", R"({"bos_token": "other", "eos_token": "<e>"})");
  using Tokens = std::map<std::string, std::string>;
  EXPECT_EQ(findChatTemplate(folder)->specialTokens, (Tokens{{"bos_token", "other"}, {"eos_token", "<e>"}}));
  put("tokenizer_config.json", R"({"bos_token": {"content": "<b>"}, "added_tokens_decoder": {}})");
  EXPECT_EQ(findChatTemplate(folder)->specialTokens, (Tokens{{"bos_token", "<b>"}})); // as transformers reads them
}
