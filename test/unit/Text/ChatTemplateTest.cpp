//===- ChatTemplateTest.cpp - chat templates equal to Jinja2 --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is expected was rendered by Jinja2 3.1 (test/Inputs/text/chat/make_golden.py).

#include "xlstm/Runtime/Text/ChatTemplate.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"
#include "gtest/gtest.h"

using namespace xlstm;

static const std::string folder = std::string(XLSTM_TEST_INPUTS) + "/text/chat/";

static const Json &golden() {
  static const Json file = readJsonFile(folder + "golden.json");
  return file;
}

static std::string render(const std::string &text, const Json &messages = Json::array(),
                          const ChatOptions &options = {}) {
  return ChatTemplate::parse(text, "t.jinja").render(messages, options);
}

/// `row` has the text, or says that the template is refused.
static void check(const Json &row, const std::string &text, const Json &messages, const ChatOptions &options) {
  if (row.contains("refused"))
    EXPECT_THROW(render(text, messages, options), Error) << text;
  else
    EXPECT_EQ(render(text, messages, options), row["text"].get<std::string>()) << text;
}

TEST(ChatTemplateTest, FamiliesEqualJinja) {
  ASSERT_GT(golden()["templates"].size(), 100u);
  for (const Json &row : golden()["templates"]) {
    SCOPED_TRACE(row["file"].get<std::string>() + " " + row["talk"].get<std::string>());
    ChatOptions options;
    options.addGenerationPrompt = row["prompt"].get<bool>();
    options.variables = row["more"];
    for (const auto &[name, token] : golden()["special"].items())
      options.specialTokens[name] = token.get<std::string>();
    check(row, readTextFile(folder + row["file"].get<std::string>()), golden()["talks"][row["talk"].get<std::string>()],
          options);
  }
}

TEST(ChatTemplateTest, BehavioursEqualJinja) {
  ASSERT_GT(golden()["small"].size(), 100u);
  ChatOptions options;
  options.variables = golden()["variables"];
  for (const Json &row : golden()["small"])
    check(row, row["template"].get<std::string>(), Json::array(), options);
}

static std::string errorOf(const std::string &text) {
  try {
    return "no error: " + render(text);
  } catch (const Error &error) {
    return error.what();
  }
}

TEST(ChatTemplateTest, ErrorsNamePlaceAndConstruct) {
  EXPECT_EQ(errorOf("a\n{{ x | frob }}"), "t.jinja: line 2: the filter 'frob' is not supported");
  EXPECT_EQ(errorOf("\n\n{% include 'x' %}"), "t.jinja: line 3: the statement 'include' is not supported");
  EXPECT_EQ(errorOf("{{ 1 is frob }}"), "t.jinja: line 1: the test 'frob' is not supported");
  EXPECT_EQ(errorOf("{{ 'a'.encode() }}"), "t.jinja: line 1: the method 'encode' of strings is not supported");
  EXPECT_EQ(errorOf("{{ 'a' | safe + '<' }}"),
            "t.jinja: line 1: the filter 'safe' inside of '+' or '~' is not supported");
  EXPECT_EQ(errorOf("{% if a %}\nb"), "t.jinja: line 2: expected 'endif', found the template's end");
  EXPECT_EQ(errorOf("{{ a.b }}"), "t.jinja: line 1: 'a' is undefined");
  EXPECT_EQ(errorOf("{{ raise_exception('take turns') }}"),
            "t.jinja: line 1: the template refuses the conversation: 'take turns'");
  EXPECT_EQ(errorOf("\xff"), "t.jinja: invalid UTF-8 at byte 0");
}

static std::string faultOf(const std::string &text) {
  return ChatTemplate::parse(text, "t.jinja").findFault({{"bos_token", "<s>"}}).value_or("none");
}

TEST(ChatTemplateTest, FaultsShowInSmallConversations) {
  EXPECT_EQ(faultOf("{{ bos_token }}{% for m in messages %}{{ m.content | trim }}{% endfor %}"), "none");
  EXPECT_EQ(faultOf("{{ raise_exception('never') }}"), "none");
  EXPECT_EQ(faultOf("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"), "none");
  EXPECT_EQ(faultOf("a\n{{ messages | frob }}"), "t.jinja: line 2: the filter 'frob' is not supported");
  EXPECT_EQ(faultOf("{% if messages[0].role == 'system' %}{{ messages | frob }}{% endif %}"),
            "t.jinja: line 1: the filter 'frob' is not supported");
  EXPECT_EQ(faultOf("{% for m in messages if m.role == 'assistant' %}{{ m.content | frob }}{% endfor %}"),
            "t.jinja: line 1: the filter 'frob' is not supported");
  EXPECT_EQ(faultOf("{% for t in tools or [] %}{{ t.function.name | frob }}{% endfor %}"),
            "t.jinja: line 1: the filter 'frob' is not supported, in a conversation with tools");
  EXPECT_EQ(ChatTemplate::parse("{{ tools | frob }}", "t").findFault({}, /*withoutTools=*/false, /*withTools=*/false),
            std::nullopt);
}

/// A template is whatever the Hub holds: none may hang, exhaust memory or the stack.
TEST(ChatTemplateTest, UntrustedTemplatesAreBounded) {
  auto repeated = [](const std::string &part, int times) {
    std::string text;
    for (int n = 0; n < times; ++n)
      text += part;
    return text;
  };
  const std::string templates[] = {
      "{{ range(10 ** 9) }}",
      "{{ 'x' * 10 ** 12 }}",
      "{{ [0] * 10 ** 12 }}",
      "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
      "{{ ns.x | tojson | length }}",
      "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{{ 'abc' | replace('', 'x' * 100000000) }}",
      "{{ [1] | tojson(indent=10 ** 10) }}",
      "{{ 'x' | indent(10 ** 10) }}",
      repeated("(", 100000),
      "{{ " + repeated("not ", 100000) + "1 }}",
      "{{ 1" + repeated(" + 1", 100000) + " }}",
      "{{ a" + repeated(".a", 100000) + " }}",
      "{{ " + repeated("[", 100000),
      repeated("{% if 1 %}", 100000),
      "{{ 9223372036854775807 + 1 }}",
      "{{ 10 ** 1000 }}",
      "{{ '{:1000000000}'.format(1) }}",
      "{{ '%1000000000d' % 1 }}",
      "{{ '%.1000000d' % 1.0 }}",
      "{{ 'x'.center(10 ** 12) }}",
      "{{ 'x'.zfill(10 ** 12) }}",
      "{{ '\t'.expandtabs(10 ** 12) }}",
      "{{ [1] | batch(10 ** 12, 0) | list }}",
      "{{ [1] | slice(10 ** 12) | list }}",
      "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{% macro m() %}{{ caller() }}{% endmacro %}{% macro f() %}{% call m() %}{{ f() }}{% endcall %}{% endmacro %}"
      "{{ f() }}",
      "{% set ns = namespace(x=[1]) %}{% macro m() %}{% set ns.x = ns.x + varargs | list %}{% endmacro %}"
      "{% for i in range(100) %}{{ m(*ns.x) }}{% endfor %}",
  };
  for (const std::string &text : templates)
    EXPECT_THROW(render(text.starts_with("(") ? "{{ " + text : text), Error) << text.substr(0, 80);
  // What refers to itself is given back.
  EXPECT_EQ(
      render("{% set ns = namespace() %}{% set ns.me = ns %}{% macro m() %}{{ ns.me.me.x }}{% endmacro %}{{ m() }}"),
      "");
}

TEST(ChatTemplateTest, MessagesAreChecked) {
  EXPECT_THROW(render("{{ messages }}", Json::object()), Error);
  EXPECT_THROW(render("{{ messages }}", Json::array({"\xff"})), Error);
  Json deep = Json::array();
  for (int n = 0; n < 200; ++n)
    deep = Json::array({deep});
  EXPECT_THROW(render("{{ messages }}", deep), Error);
  EXPECT_EQ(render("{{ messages[0].n }}", Json::array({{{"n", 1.5}}})), "1.5");
}
