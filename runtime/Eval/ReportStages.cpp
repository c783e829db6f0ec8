//===- ReportStages.cpp - method, training, gates, sizes ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportPage.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"

#include <algorithm>

namespace xlstm {

/// "llama, 4 layers of width 128, 4 query and 2 key heads, 2,048 tokens in the vocabulary"
static std::string describeTeacher(const ReportData &data) {
  const Json &config = data.teacherConfig;
  auto number = [&](const char *key) {
    auto found = config.find(key);
    return found != config.end() && found->is_number_unsigned() ? grouped(*found) : "?";
  };
  if (!config.is_object() || !config.contains("num_hidden_layers"))
    return "";
  std::string family = config.contains("model_type") && config["model_type"].is_string() ? config["model_type"] : "?";
  return family + ", " + number("num_hidden_layers") + " layers of width " + number("hidden_size") + ", " +
         number("num_attention_heads") + " query heads, a vocabulary of " + number("vocab_size") +
         " and a context of " + number("max_position_embeddings") + " tokens";
}

std::string methodSection(const ReportData &data) {
  std::string teacher = describeTeacher(data);
  std::string html = "<h2>What was done</h2>\n<p>The teacher" +
                     (teacher.empty() ? "" : " (" + escapeHtml(teacher) + ")") +
                     " keeps its embeddings, norms, MLPs and projections. In every layer attention is replaced by two "
                     "branches that a learned gate mixes, head by head: softmax attention over the latest keys and the "
                     "document’s first ones (<i>window and sinks</i>), and a matrix memory of constant size "
                     "(<i>mLSTM</i>). Training goes in three stages:</p>\n<ol>\n"
                     "<li><b>Alignment.</b> Layer by layer, on the teacher’s own hidden states, only the new tensors "
                     "learn to reproduce what the teacher’s attention gives.</li>\n"
                     "<li><b>Distillation.</b> All parameters of one expert a domain train on the next token and on "
                     "the teacher’s stored most likely tokens.</li>\n"
                     "<li><b>Merging.</b> The experts’ weights are averaged into one student.</li>\n</ol>\n";
  static const std::pair<const char *, const char *> known[] = {
      {"window-sinks",
       "the teacher with its attention cut to window and sinks, untrained: what the new branch must beat"},
      {"window-sinks-trained", "the same, trained as the student is"},
      {"aligned", "the student after stage I"},
      {"merged", "the average of the experts: the result"}};
  std::vector<std::vector<std::string>> rows;
  for (const std::string &model : data.models) {
    std::string what = model.rfind("expert-", 0) == 0 ? "the student after stage II on one domain" : "";
    for (auto [name, text] : known)
      if (model == name)
        what = text;
    if (model == data.teacher)
      what = "the transformer that is distilled";
    rows.push_back({htmlModel(data, model), "<span class=\"words\">" + escapeHtml(what) + "</span>"});
  }
  return html + "<h3>The models below</h3>\n" + htmlTable({"model", ""}, rows);
}

std::string alignmentSection(const ReportData &data) {
  if (data.alignment.empty())
    return "";
  BarChart chart;
  chart.title = "Relative alignment loss a layer: window and sinks alone, before and after stage I";
  chart.unit = "% of ||h||²";
  BarChart::Series window{"window and sinks alone (o = 0)", 1, {}, {}}, initial{"student before", 0, {}, {}},
      final{"student after", 5, {}, {}};
  std::vector<std::vector<std::string>> rows;
  LayerLosses sum;
  auto cells = [](const std::string &name, const LayerLosses &l) {
    auto cell = [&](double loss) {
      return fixedNumber(loss, 4) + (l.energy > 0 ? " <small>" + percent(loss / l.energy, 2) + "</small>" : "");
    };
    return std::vector<std::string>{name, cell(l.windowOnly), cell(l.initial), cell(l.final),
                                    l.final > 0 ? fixedNumber(l.windowOnly / l.final, 2) + "×" : "–"};
  };
  for (const LayerLosses &layer : data.alignment) {
    chart.groups.push_back("layer " + std::to_string(layer.layer));
    double scale = layer.energy > 0 ? 100 / layer.energy : 0;
    window.values.push_back(scale * layer.windowOnly);
    initial.values.push_back(scale * layer.initial);
    final.values.push_back(scale * layer.final);
    rows.push_back(cells(std::to_string(layer.layer), layer));
    sum.windowOnly += layer.windowOnly;
    sum.initial += layer.initial;
    sum.final += layer.final;
  }
  rows.push_back(cells("sum", sum));
  chart.series = {window, initial, final};
  return "<h2>Stage I: alignment</h2>\n<p>Held-out mean over tokens of ||h<sub>teacher</sub> − h<sub>student</sub>||² "
         "of "
         "the mixer’s output, and as a share of ||h<sub>teacher</sub>||². With the gate shut (o = 0) the student is "
         "window and sinks alone; what alignment gains over that is the memory’s work.</p>\n" +
         htmlFigure(drawBars(chart), "Loss relative to the teacher’s energy, by layer. Lower is better.") +
         htmlTable({"layer", "o = 0", "before", "after", "gain over o = 0"}, rows, rows.size() - 1);
}

/// Mean of `points` over a sliding window of about a tenth of them: what the eye should follow.
static Points smooth(const Points &points) {
  size_t reach = points.size() / 20;
  Points result;
  for (size_t i = 0; i < points.size(); ++i) {
    size_t half = std::min({reach, i, points.size() - 1 - i});
    double sum = 0;
    for (size_t j = i - half; j <= i + half; ++j)
      sum += points[j].second;
    result.emplace_back(points[i].first, sum / double(2 * half + 1));
  }
  return result;
}

static std::string drawLog(const TrainingLog &log) {
  LineChart chart;
  chart.title = "Loss over the steps of " + log.name;
  chart.xLabel = "step";
  chart.yLabel = log.name == "align" ? "relative loss, sum over layers" : "nats a token";
  chart.small = true;
  if (!log.loss.empty())
    chart.series = {{"", 5, log.loss, /*faint=*/true}, {"batch", 5, smooth(log.loss)}};
  if (!log.heldOut.empty())
    chart.series.push_back({"held out", 1, log.heldOut, false, /*dots=*/true});
  std::string drawing = drawLines(chart);
  return drawing.empty() ? "" : "<div><h3>" + escapeHtml(log.name) + "</h3>" + drawing + "</div>\n";
}

std::string trainingSection(const ReportData &data) {
  std::string drawings;
  for (const TrainingLog &log : data.logs)
    drawings += drawLog(log);
  if (drawings.empty())
    return "";
  return "<h2>Training</h2>\n<figure><div class=\"pair\">\n" + drawings +
         "</div><figcaption>Loss of each batch (thin), its running mean, and the held-out loss (dots). Alignment: sum "
         "over layers of the relative loss. Experts: the batch’s loss is the weighted sum of cross-entropy and KL, the "
         "held-out one cross-entropy alone; the best held-out step is kept, step 0 included.</figcaption></figure>\n";
}

std::string gateSection(const ReportData &data) {
  const Json &gates = data.results.at("gates");
  std::string html;
  std::vector<std::string> shown;
  for (const std::string &model : {std::string("aligned"), data.student})
    if (gates.contains(model) && std::find(shown.begin(), shown.end(), model) == shown.end())
      shown.push_back(model);
  for (const std::string &model : shown) {
    HeatMap map;
    map.title = "Median output gate of every layer and head of " + model;
    map.rowLabel = "layer";
    map.columnLabel = model + ", by head";
    map.rows = gates.at(model).get<std::vector<std::vector<double>>>();
    html += "<div>" + drawHeatMap(map) + "</div>\n";
  }
  if (html.empty())
    return "";
  return "<h2>Who does the work</h2>\n<p>The output gate o says how much of a head’s output comes from the memory: at "
         "1 "
         "all of it, at 0 all from window and sinks. Before training every gate stands at its initial bias.</p>\n"
         "<figure><div class=\"pair\">\n" +
         html + "</div><figcaption>Median o of every layer (rows) and head (columns) over " +
         grouped(data.results.at("settings").at("gate_tokens")) + " held-out tokens a domain.</figcaption></figure>\n";
}

/// A model's state: what is fixed, what a token adds, and both at lengths that one thinks of.
static std::vector<std::string> stateCells(const Json &size) {
  if (!size.contains("state_fixed")) // results of before
    return {"–", "–", "–", "–", "–"};
  uint64_t fixed = size.at("state_fixed"), perToken = size.at("state_a_token");
  std::vector<std::string> cells{byteSize(fixed), byteSize(perToken)};
  for (uint64_t tokens : {uint64_t(4) << 10, uint64_t(32) << 10, uint64_t(128) << 10})
    cells.push_back(byteSize(fixed + perToken * tokens));
  return cells;
}

std::string sizeSection(const ReportData &data) {
  std::vector<std::vector<std::string>> rows;
  for (const auto &[model, size] : data.results.at("sizes").items()) {
    rows.push_back({htmlModel(data, model), grouped(size.at("parameters"))});
    for (std::string &cell : stateCells(size))
      rows.back().push_back(std::move(cell));
    rows.back().push_back(byteSize(size.at("state_bytes")));
  }
  std::string html =
      "<h2>Sizes</h2>\n<p>The state is what a row of text carries from token to token, here in float32. Heads that are "
      "attention keep every token’s keys and values, until the context is full; all else has one size at every "
      "length.</p>\n" +
      htmlTable({"model", "parameters", "fixed", "a token", "at 4K tokens", "at 32K", "at 128K", "at its context"},
                rows);
  if (data.outputs.empty())
    return html;
  rows.clear();
  for (const OutputSize &output : data.outputs)
    rows.push_back({escapeHtml(output.name), "<span class=\"words\">" + escapeHtml(output.what) + "</span>",
                    byteSize(output.bytes)});
  return html + "<h3>What the run left</h3>\n" + htmlTable({"file or folder", "", "on disk"}, rows);
}

std::string recipeSection(const ReportData &data) {
  if (data.recipe.empty())
    return "";
  return "<h2>Recipe</h2>\n<details><summary>The settings of this run</summary><pre>" + escapeHtml(data.recipe) +
         "</pre></details>\n";
}

} // namespace xlstm
