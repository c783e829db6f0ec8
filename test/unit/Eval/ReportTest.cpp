//===- ReportTest.cpp - pictures and the page are well-formed -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"
#include "xlstm/Runtime/Eval/Report.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

TEST(Text, Numbers) {
  EXPECT_EQ(fixedNumber(-0.0001, 2), "0.00");
  EXPECT_EQ(fixedNumber(-1.005, 1), "-1.0");
  EXPECT_EQ(fixedNumber(NAN, 1), "–");
  EXPECT_EQ(percent(0.0123, 1, true), "+1.2 %");
  EXPECT_EQ(percent(-0.5, 0, true), "-50 %");
  EXPECT_EQ(percent(0, 1, true), "0.0 %");
  EXPECT_EQ(grouped(1000576), "1,000,576");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(byteSize(999), "999 bytes");
  EXPECT_EQ(byteSize(4194304), "4.19 MB");
  EXPECT_EQ(byteSize(123456789), "123 MB");
  EXPECT_EQ(shortNumber(-0.0), "0");
}

TEST(Text, Escapes) {
  EXPECT_EQ(escapeHtml("<a href=\"x\">&'\x01é\n"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\xef\xbf\xbdé\n");
}

TEST(Svg, Ticks) {
  EXPECT_EQ(roundTicks(0, 1, 5), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(roundTicks(-3, 17, 5), (std::vector<double>{-5, 0, 5, 10, 15, 20}));
  EXPECT_EQ(roundTicks(0, 0, 4), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
}

static size_t count(const std::string &text, const std::string &what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

TEST(Svg, BarsStandOnZeroAndMatchTheirValues) {
  BarChart chart;
  chart.title = "a < b";
  chart.groups = {"one & two", "three"};
  chart.series = {{"x", 0, {1, -2}, {0.5, 0}}, {"y", 1, {NAN, 4}, {}}};
  std::string svg = drawBars(chart);
  EXPECT_EQ(malformed(svg), "");
  EXPECT_EQ(count(svg, "class=\"fill s0\" x="), 2u);
  EXPECT_EQ(count(svg, "class=\"fill s1\" x="), 1u); // the missing value has none
  EXPECT_EQ(count(svg, "class=\"error\""), 1u);
  EXPECT_NE(svg.find("one &amp; two"), svg.npos);
  EXPECT_NE(svg.find(">-2.00<"), svg.npos);
}

TEST(Svg, EmptyAndSinglePointDrawings) {
  EXPECT_EQ(drawLines({}), "");
  EXPECT_EQ(drawHeatMap({}), "");
  LineChart one;
  one.series = {{"x", 0, {{3, 5}}}};
  EXPECT_EQ(malformed(drawLines(one)), "");
  EXPECT_EQ(drawLines(one).find("nan"), std::string::npos);
  EXPECT_EQ(malformed(drawBars({})), "");
}

TEST(Svg, HeatMapLeavesLayersWithoutGateOut) {
  HeatMap map{"gates", "layer", "head", {{0, 0.5}, {}, {1, 0.25}}};
  std::string svg = drawHeatMap(map);
  EXPECT_EQ(malformed(svg), "");
  EXPECT_EQ(count(svg, ">layer 1<"), 0u);
  EXPECT_NE(svg.find("layer 2, 1: 0.25"), svg.npos);
  EXPECT_NE(svg.find("rgb(37,99,235)"), svg.npos);
  EXPECT_NE(svg.find("rgb(217,119,6)"), svg.npos);
}

TEST(Malformed, FindsWhatXmlRefuses) {
  EXPECT_EQ(malformed("<a b=\"c\"><d/>x &amp; y</a>"), "");
  for (const char *bad : {"<a>", "</a>", "<a></b>", "<a b=c/>", "<a>&nbsp;</a>", "<a>&</a>", "<a><b></a></b>",
                          "<a> > </a>", "<a b=\"<\"/>"})
    EXPECT_NE(malformed(bad), "") << bad;
}

static const char *results = R"json({
 "models": {
  "teacher": {"bits_per_byte": {"prose": 1.0, "code": 2.0}, "tasks": {"arith": {"exact_match": 0.5}}},
  "window-sinks": {"bits_per_byte": {"prose": 1.2, "code": 2.4}, "tasks": {"arith": {"exact_match": 0.25}}},
  "expert-<x>": {"bits_per_byte": {"prose": 1.1, "code": 2.5}, "tasks": {"arith": {"exact_match": 0.25}}},
  "merged": {"bits_per_byte": {"prose": 1.05, "code": 2.2}, "tasks": {"arith": {"exact_match": 0.4}}}},
 "recovery": {"window-sinks": {"prose": 0.83, "code": 0.83, "arith": 0.5}, "expert-<x>": {"prose": 0.9, "code": 0.8, "arith": null},
  "merged": {"prose": 0.95, "code": 0.91, "arith": 0.8}},
 "c_alpha": {"window-sinks": {"alpha": [0, 1], "c_alpha": [0, 1], "alpha_star": 0.17, "c_0": 0, "lossless": false},
  "expert-<x>": {"alpha": [0, 1], "c_alpha": [0, 1], "alpha_star": 0.2, "c_0": 0, "lossless": false},
  "merged": {"alpha": [0, 0.1, 1], "c_alpha": [0, 0.66, 1], "alpha_star": 0.09, "c_0": 0, "lossless": false}},
 "alpha_star": 0.09,
 "standard_errors": {"teacher": {"arith": {"exact_match": 0.05}}, "window-sinks": {"arith": {"exact_match": 0.04}},
  "expert-<x>": {"arith": {"exact_match": 0.04}}, "merged": {"arith": {"exact_match": 0.05}}},
 "gates": {"merged": [[0.1, 0.9], [0.5, 0.5]]},
 "sizes": {"teacher": {"parameters": 1000576, "state_bytes": 4194304}, "merged": {"parameters": 1100000, "state_bytes": 2348000, "state_fixed": 250000, "state_a_token": 1024}},
 "settings": {"teacher": "teacher", "student": "merged", "piece_tokens": 512, "token_limit": 32768, "gate_tokens": 2048,
  "domains": {"prose": {"tokens": 32768, "bytes": 90000}, "code": {"tokens": 32768, "bytes": 80000}},
  "tasks": {"arith": {"items": 100, "metric": "exact_match"}}}})json";

TEST(Report, ShowsTheRunAndEscapesIt) {
  TemporaryFolder folder;
  write(folder.path / "eval/results.json", results);
  write(folder.path / "recipe.yaml", "teacher: <\"&'\x01>\n");
  write(folder.path / "teacher/config.json", R"({"model_type": "llama", "num_hidden_layers": 4, "hidden_size": 128})");
  write(folder.path / "heads.json",
        R"({"keep": "1:2", "budget": 1, "key_heads": 4, "curve": [
    {"key_heads": 1, "keep": "1:2", "bits_per_byte": {"prose": 1.1}, "recall": 0.75, "recall_nats": 2.5},
    {"key_heads": 4, "keep": "all", "bits_per_byte": {"prose": 1.0}, "recall": 0.875, "recall_nats": 2.25}]})");
  write(folder.path / "align/report.json",
        R"({"layers": [{"layer": 0, "initial": 2.0, "final": 0.5, "window_only": 1.0, "energy": 10.0},
    {"layer": 1, "initial": 4.0, "final": 1.5, "window_only": 2.0, "energy": 20.0}]})");
  write(folder.path / "align/metrics.jsonl",
        "{\"step\": 0, \"held_out\": 0.3}\n{\"step\": 1, \"loss\": 0.3}\n{\"step\": 2, \"loss\"");
  write(folder.path / "experts/<x>/metrics.jsonl", "{\"step\": 1, \"loss\": 1.3}\n");
  writeReport(folder.path);
  std::string html = read(folder.path / "eval/report.html");
  EXPECT_EQ(malformed(html), "");
  EXPECT_EQ(html.find("<x>"), html.npos);
  EXPECT_EQ(html.find("<script"), html.npos);
  EXPECT_EQ(html.find("src="), html.npos);
  EXPECT_EQ(html.find("href="), html.npos);
  EXPECT_EQ(html.find("nan"), html.npos);
  for (const char *expected : {"Held-out text",
                               "Tasks",
                               "Recovery",
                               "Stage I: alignment",
                               "Training",
                               "Who does the work",
                               "Sizes",
                               "Recipe",
                               "teacher: &lt;&quot;&amp;&#39;\xef\xbf\xbd&gt;",
                               "+7.5 %", // merged above the teacher: mean of 5 and 10 %
                               "+20.0 %",
                               "75 %",
                               "50 %", // gap closed
                               "0.090",
                               "2.00×",
                               "1.50×",
                               "1,000,576",
                               "4.19 MB",
                               "250 kB",
                               "1.02 kB",
                               "4.44 MB",
                               "33.8 MB",
                               "134 MB", // fixed, a token, at 4K, 32K, 128K
                               "Heads that stay attention",
                               "1 of 4 key heads: <code>1:2</code>",
                               "+10.0 %"})
    EXPECT_NE(html.find(expected), html.npos) << expected;
}

/// A run of `layers` layers and enough of everything else.
static std::string manyLayers(int layers) {
  Json report{{"layers", Json::array()}};
  for (int n = 0; n < layers; ++n)
    report["layers"].push_back(
        {{"layer", n}, {"initial", 2.0}, {"final", 0.5}, {"window_only", 1.0}, {"energy", 10.0}});
  return report.dump();
}

TEST(Report, LayersAreBarsWhereTheyHaveRoomAndLinesElse) {
  TemporaryFolder folder;
  write(folder.path / "eval/results.json", results);
  for (int layers : {4, 12, 30, 80}) {
    write(folder.path / "align/report.json", manyLayers(layers));
    std::string html = renderReport(folder.path);
    EXPECT_EQ(malformed(html), "");
    std::string section = html.substr(html.find("Stage I: alignment"));
    section = section.substr(0, section.find("<h2>"));
    EXPECT_EQ(count(section, "<polyline"), layers <= 12 ? 0u : 3u) << layers;
    EXPECT_EQ(count(section, "<circle"), layers <= 12 ? 0u : 3u * size_t(layers)) << layers;
    EXPECT_EQ(count(section, "<details>"), layers <= 12 ? 0u : 1u) << layers;
    EXPECT_EQ(count(section, "<tr"), size_t(layers) + 2) << layers; // the head and the sum
  }
}

TEST(Report, SaysHowSureItIsAndOfHowMuch) {
  TemporaryFolder folder;
  Json json = Json::parse(results);
  write(folder.path / "eval/results.json", results);
  EXPECT_NE(renderReport(folder.path).find("too little text for an interval"), std::string::npos);

  for (const char *domain : {"prose", "code"})
    json["text_excess_intervals"]["merged"][domain] = {0.04, 0.10}; // half widths of 0.03: together 0.03 / sqrt(2)
  json["c_alpha"]["merged"].update(
      {{"alpha_star_interval", {0.02, 0.3}}, {"benchmarks", {"arith"}}, {"left_out", {{"needle", "chance"}}}});
  json["settings"]["tasks"]["needle"] = {{"items", 5}, {"metric", "exact_match"}, {"chance", 0}};
  for (auto &[model, scores] : json["models"].items())
    scores["tasks"]["needle"] = {{"exact_match", 0.0}, {"exact_match_256_depth_0_20", 0.5}};
  json["agreement"]["merged"] = {
      {"prose", {{"kl", 0.0312}, {"kl_standard_error", 0.001}, {"top1", 0.875}, {"tokens", 99}}}};
  json["answers"]["arith"] = {{{"prompt", "<svg onload=x>What is <2>?"},
                               {"target", "2"},
                               {"teacher", "2"},
                               {"student", "3"},
                               {"teacher_right", true},
                               {"student_right", false}}};
  write(folder.path / "eval/results.json", json.dump());
  write(folder.path / "stages.json",
        R"({"machine": "a CPU", "cores": 2, "device": "cpu", "version": "1", "commit": "abc",
    "stages": [{"name": "align", "seconds": 2.0, "tokens": 1000}]})");
  write(folder.path / "align/metrics.jsonl", "{\"step\": 0, \"held_out\": 0.3}\n");
  write(folder.path / "align/speed.jsonl",
        "{\"step\": 1, \"seconds\": 1.0, \"share\": 0.4}\n{\"step\": 2, \"seconds\": 3.0, \"share\": 0.2}\n");
  write(folder.path / "merged/tune.json",
        R"({"parameter": "lambda", "by": "loss", "score": "mean bits per byte", "on": ["code"],
    "models": ["a"], "points": [{"values": [1.0], "score": 1.5}, {"values": [0.8], "score": 1.4}], "best": 1})");
  std::string html = renderReport(folder.path);
  EXPECT_EQ(malformed(html), "");
  for (const char *expected :
       {"65,536 held-out tokens of 2 domains", "95 % interval +5.4 % to +9.6 %", "0.020 to 0.300", "marker s3",
        "teacher is at chance or below it: needle", "87.5 %, KL 0.0312", "Needles by length and depth",
        "&lt;svg onload=x&gt;What is &lt;2&gt;?", "teacher right, student wrong", "a CPU, 2 cores", "commit abc", ">500<", ">25 %<",
        "the best is 0.8"})
    EXPECT_NE(html.find(expected), html.npos) << expected;

  // Ahead of the teacher there is no share of a gap to speak of.
  json["models"]["merged"]["bits_per_byte"] = {{"prose", 0.9}, {"code", 1.8}};
  write(folder.path / "eval/results.json", json.dump());
  html = renderReport(folder.path);
  EXPECT_NE(html.find("there is no gap left"), html.npos);
  EXPECT_EQ(html.find("Training closed"), html.npos);
}

TEST(Report, WhatIsMissingIsLeftOut) {
  TemporaryFolder folder;
  write(folder.path / "eval/results.json",
        R"({"models": {"teacher": {"bits_per_byte": {"prose": 1.0}, "tasks": {}}}, "recovery": {},
    "c_alpha": {}, "alpha_star": null, "standard_errors": {}, "gates": {}, "sizes": {},
    "settings": {"teacher": "teacher", "student": "merged", "piece_tokens": 512, "token_limit": 0, "gate_tokens": 8,
    "domains": {"prose": {"tokens": 10, "bytes": 30}}, "tasks": {}}})");
  std::string html = renderReport(folder.path);
  EXPECT_EQ(malformed(html), "");
  EXPECT_EQ(html.find("Recovery"), html.npos);
  EXPECT_EQ(html.find("Stage I: alignment"), html.npos);
}

TEST(Report, DamagedRunsAreRefused) {
  TemporaryFolder folder;
  EXPECT_THROW(renderReport(folder.path), Error);
  write(folder.path / "eval/results.json", "{\"models\": {}}");
  EXPECT_THROW(renderReport(folder.path), Error);
  write(folder.path / "eval/results.json", results);
  write(folder.path / "align/report.json", "{\"layers\": [{}]}");
  EXPECT_THROW(renderReport(folder.path), Error);
  write(folder.path / "align/report.json", "{\"layers\": []}");
  renderReport(folder.path);
  write(folder.path / "heads.json", "{\"keep\": \"1:2\"}");
  EXPECT_THROW(renderReport(folder.path), Error);
}
