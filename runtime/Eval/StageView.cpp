//===- StageView.cpp - models, training, gates, sizes, cost for the page --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportView.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"

#include <algorithm>

namespace xlstm {

/// "llama, 4 layers of width 128, 4 query and 2 key heads, 2,048 tokens in the vocabulary"
std::string teacherWords(const ReportData &data) {
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

Json modelsView(const ReportData &data) {
  const std::pair<const char *, const char *> known[] = {
      {"window-sinks",
       "the teacher with its attention cut to window and sinks, untrained: what the new branch must beat"},
      {"window-sinks-trained", "the same, trained as the student is"},
      {"aligned", "the student after stage I"},
      {"merged", data.student == "student" ? "the experts merged" : "the experts merged: the result"},
      {"student", "the same after the stage on its own text: the result"}};
  Json rows = Json::array();
  for (const std::string &model : data.models) {
    std::string what = model.starts_with("expert-")    ? "the student after stage II on one domain"
                       : model.starts_with("aligned-") ? "the student after stage I on an expert's domains"
                                                       : "";
    for (auto [name, text] : known)
      if (model == name)
        what = text;
    if (model == data.teacher)
      what = "the transformer that is distilled";
    rows.push_back(Json::array({modelView(data, model), wordsView(what)}));
  }
  return tableView(Json::array({"model", ""}), rows);
}

/// Losses relative to the energies: bars where there is room for three a layer, else lines over the layers.
static std::string alignmentChart(const std::vector<LayerLosses> &layers) {
  constexpr size_t mostBars = 12;
  const std::string title = "Relative alignment loss a layer: window and sinks alone, before and after stage I";
  struct Line {
    const char *name;
    size_t color;
    double LayerLosses::*loss;
  };
  static const Line lines[] = {{"window and sinks alone (o = 0)", 1, &LayerLosses::windowOnly},
                               {"student before", 0, &LayerLosses::initial},
                               {"student after", 5, &LayerLosses::final}};
  BarChart bars{title, {}, {}, "% of ||h||²", 2};
  LineChart curves{title, "layer", "% of ||h||²", {}, /*fromZero=*/true};
  for (const LayerLosses &layer : layers)
    bars.groups.push_back("layer " + std::to_string(layer.layer));
  for (const Line &line : lines) {
    bars.series.push_back({line.name, line.color, {}, {}});
    curves.series.push_back({line.name, line.color, {}, false, /*dots=*/true});
    for (const LayerLosses &layer : layers) {
      double value = layer.energy > 0 ? 100 * layer.*line.loss / layer.energy : 0;
      bars.series.back().values.push_back(value);
      curves.series.back().points.emplace_back(double(layer.layer), value);
    }
  }
  return layers.size() <= mostBars ? drawBars(bars) : drawLines(curves);
}

Json alignmentView(const ReportData &data) {
  if (data.alignment.empty())
    return nullptr;
  Json rows = Json::array();
  LayerLosses sum;
  auto addRow = [&](const std::string &name, const LayerLosses &l) {
    auto cell = [&](double loss) {
      return cellView(fixedNumber(loss, 4), l.energy > 0 ? percent(loss / l.energy, 2) : "");
    };
    rows.push_back(Json::array({name, cell(l.windowOnly), cell(l.initial), cell(l.final),
                                l.final > 0 ? fixedNumber(l.windowOnly / l.final, 2) + "×" : "–"}));
  };
  for (const LayerLosses &layer : data.alignment) {
    addRow(std::to_string(layer.layer), layer);
    sum.windowOnly += layer.windowOnly;
    sum.initial += layer.initial;
    sum.final += layer.final;
  }
  addRow("sum", sum);
  return {{"chart", alignmentChart(data.alignment)},
          {"table", tableView(Json::array({"layer", "o = 0", "before", "after", "gain over o = 0"}), rows,
                              int64_t(rows.size()) - 1)}};
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

Json trainingView(const ReportData &data) {
  Json view = Json::array();
  for (const TrainingLog &log : data.logs) {
    LineChart chart{"Loss over the steps of " + log.name,
                    "step",
                    log.name == "align"       ? "relative loss, sum over layers"
                    : log.name == "on-policy" ? "KL to the teacher, nats a token that the student wrote"
                                              : "nats a token",
                    {}};
    chart.small = true;
    if (!log.loss.empty())
      chart.series = {{"", 5, log.loss, /*faint=*/true}, {"batch", 5, smooth(log.loss)}};
    if (!log.heldOut.empty())
      chart.series.push_back({"held out", 1, log.heldOut, false, /*dots=*/true});
    if (std::string drawing = drawLines(chart); !drawing.empty())
      view.push_back({{"name", log.name}, {"svg", drawing}});
  }
  return view;
}

static std::string valuesText(const Json &values) {
  std::string text;
  for (const Json &value : values)
    text += (text.empty() ? "" : ", ") + shortNumber(value);
  return text;
}

/// What was tried for a merge's lambda: over the one number, or over the first of two shares; else in order.
Json tuneView(const ReportData &data) {
  if (data.tune.is_null())
    return nullptr;
  const Json &points = data.tune.at("points");
  std::string parameter = data.tune.at("parameter");
  size_t numbers = points.at(0).at("values").size();
  bool isOverValue = numbers <= 2;
  LineChart chart{"Score of every merge that was tried", "merge, in order", data.tune.at("score"), {}};
  if (isOverValue)
    chart.xLabel = numbers == 2 ? "share of " + data.tune.at("models").at(0).get<std::string>() : parameter;
  LineChart::Series series{parameter, 5, {}, false, /*dots=*/true};
  Json rows = Json::array(), head{"merge", parameter, data.tune.at("score")};
  for (size_t i = 0; i < points.size(); ++i) {
    double score = points[i].at("score");
    series.points.emplace_back(isOverValue ? points[i].at("values").at(0).get<double>() : double(i + 1), score);
    rows.push_back(Json::array({std::to_string(i + 1), valuesText(points[i].at("values")), fixedNumber(score, 4)}));
  }
  if (isOverValue)
    std::ranges::sort(series.points);
  chart.series = {series};
  std::string on;
  for (const Json &name : data.tune.at("on"))
    on += (on.empty() ? "" : ", ") + name.get<std::string>();
  size_t best = data.tune.at("best");
  return {{"parameter", parameter},
          {"score", data.tune.at("score")},
          {"on", on},
          {"tried", points.size()},
          {"best", valuesText(points.at(best).at("values"))},
          {"chart", drawLines(chart)},
          {"table", tableView(head, rows, int64_t(best))}};
}

Json gateView(const ReportData &data) {
  const Json &gates = data.results.at("gates");
  Json maps = Json::array();
  std::vector<std::string> shown;
  for (const std::string &model : {std::string("aligned"), data.student}) {
    if (!gates.contains(model) || std::ranges::find(shown, model) != shown.end())
      continue;
    shown.push_back(model);
    HeatMap map{"Median output gate of every layer and head of " + model, "layer", model + ", by head"};
    map.rows = gates.at(model).get<std::vector<std::vector<double>>>();
    maps.push_back(drawHeatMap(map));
  }
  if (maps.empty())
    return nullptr;
  return {{"maps", maps}, {"tokens", grouped(data.results.at("settings").at("gate_tokens"))}};
}

/// A model's state: what is fixed, what a token adds, and both at lengths that one thinks of.
static void addStateCells(const Json &size, Json &row) {
  if (!size.contains("state_fixed")) { // results of before
    for (int i = 0; i < 5; ++i)
      row.push_back("–");
    return;
  }
  uint64_t fixed = size.at("state_fixed"), perToken = size.at("state_a_token");
  row.push_back(byteSize(fixed));
  row.push_back(byteSize(perToken));
  for (uint64_t tokens : {uint64_t(4) << 10, uint64_t(32) << 10, uint64_t(128) << 10})
    row.push_back(byteSize(fixed + perToken * tokens));
}

static std::string stateChart(const ReportData &data) {
  LineChart chart{"Bytes of one text's state against its length", "thousand tokens", "MB of state", {}, true};
  for (const std::string &model : {data.teacher, data.student}) {
    const Json &size = data.at({"sizes", model});
    if (!size.is_object() || !size.contains("state_fixed"))
      continue;
    LineChart::Series series{model, colorOf(data, model), {}, false, /*dots=*/true};
    for (double thousands : {1, 16, 32, 64, 96, 128})
      series.points.emplace_back(
          thousands,
          (size.at("state_fixed").get<double>() + size.at("state_a_token").get<double>() * thousands * 1024) / 1e6);
    chart.series.push_back(series);
  }
  return drawLines(chart);
}

Json sizeView(const ReportData &data) {
  Json rows = Json::array(), outputs = Json::array();
  for (const auto &[model, size] : data.results.at("sizes").items()) {
    Json row = Json::array({modelView(data, model), grouped(size.at("parameters"))});
    addStateCells(size, row);
    row.push_back(byteSize(size.at("state_bytes")));
    rows.push_back(row);
  }
  for (const OutputSize &output : data.outputs)
    outputs.push_back(Json::array({output.name, wordsView(output.what), byteSize(output.bytes)}));
  Json head =
      Json::array({"model", "parameters", "fixed", "a token", "at 4K tokens", "at 32K", "at 128K", "at its context"});
  return {{"chart", stateChart(data)},
          {"table", tableView(head, rows)},
          {"outputs",
           outputs.empty() ? Json(nullptr) : tableView(Json::array({"file or folder", "", "on disk"}), outputs)}};
}

/// Of the executables, behind as many tokens as stand on the x axis.
Json speedView(const ReportData &data) {
  if (data.speed.is_null())
    return nullptr;
  LineChart chart{
      "Tokens a second against the length of what stands before", "tokens before", "tokens a second", {}, true};
  Json rows = Json::array();
  const Json &models = data.speed.at("models");
  for (const auto &[name, model] : {std::pair("teacher", data.teacher), {"student", data.student}}) {
    LineChart::Series series{model, colorOf(data, model), {}, false, /*dots=*/true};
    for (const Json &point : models.at(name)) {
      series.points.emplace_back(point.at("length"), point.at("tokens_a_second"));
      rows.push_back(Json::array({modelView(data, model), grouped(point.at("length")),
                                  fixedNumber(point.at("tokens_a_second"), 1), fixedNumber(point.at("deviation"), 1)}));
    }
    std::ranges::sort(series.points);
    chart.series.push_back(series);
  }
  return {{"chart", drawLines(chart)},
          {"written", std::to_string(data.speed.at("written").get<int64_t>())},
          {"table", tableView(Json::array({"executable", "tokens before", "tokens a second", "deviation"}), rows)}};
}

Json costView(const ReportData &data) {
  if (data.cost.is_null())
    return nullptr;
  Json rows = Json::array();
  double seconds = 0, tokens = 0;
  auto shareOf = [&](const std::string &stage) {
    auto log = std::ranges::find(data.logs, stage, &TrainingLog::name);
    return log == data.logs.end() || log->share == 0 ? std::string("–") : percent(log->share, 0);
  };
  auto addRow = [&](const std::string &name, double time, double read) {
    rows.push_back(Json::array({name, fixedNumber(time, 1) + " s", read > 0 ? grouped(uint64_t(read)) : "–",
                                read > 0 && time > 0 ? grouped(uint64_t(read / time)) : "–", shareOf(name)}));
  };
  for (const Json &stage : data.cost.at("stages")) {
    double read = stage.value("tokens", 0.0);
    addRow(stage.at("name"), stage.at("seconds"), read);
    seconds += stage.at("seconds").get<double>();
    tokens += read;
  }
  rows.push_back(Json::array(
      {"all", fixedNumber(seconds / 3600, 2) + " h", tokens > 0 ? grouped(uint64_t(tokens)) : "–", "–", "–"}));
  std::string machine =
      data.cost.at("machine").get<std::string>() + ", " + std::to_string(data.cost.at("cores").get<int64_t>()) +
      " cores, run on " + data.cost.at("device").get<std::string>() + "; xlstm " +
      data.cost.at("version").get<std::string>() + ", commit " + data.cost.at("commit").get<std::string>();
  return {{"machine", machine},
          {"table", tableView(Json::array({"stage", "time", "training tokens", "tokens a second", "of matmul"}),
                              rows, int64_t(rows.size()) - 1)}};
}

} // namespace xlstm
