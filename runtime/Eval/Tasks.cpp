//===- Tasks.cpp - tasks out of JSON lines --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Tasks.h"

#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/PlainText.h"
#include "xlstm/Support/Error.h"

namespace fs = std::filesystem;

namespace xlstm {

static std::string textField(const Json &object, const char *key, const std::string &origin) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_string())
    fail(origin, ": expected a string under '", key, "'", found == object.end() ? "" : ", found ",
         found == object.end() ? "" : found->type_name());
  return found->get<std::string>();
}

static TaskKind kindOf(const Json &object, const std::string &origin) {
  if (object.contains("choices"))
    return TaskKind::MultipleChoice;
  if (!object.contains("answer"))
    fail(origin, ": expected 'choices' or 'answer' in an item");
  return object.contains("solution") ? TaskKind::NumberAfterAnswer : TaskKind::BeginsWithAnswer;
}

static void readChoices(const Json &object, TaskItem &item, const std::string &origin) {
  const Json &choices = object.at("choices");
  if (!choices.is_array() || choices.size() < 2)
    fail(origin, ": expected a list of at least two strings under 'choices'");
  for (const Json &choice : choices) {
    if (!choice.is_string() || choice.get_ref<const std::string &>().empty())
      fail(origin, ": expected strings that are not empty under 'choices', found ", choice.dump());
    item.choices.push_back(choice.get<std::string>());
  }
  auto label = object.find("label");
  if (label == object.end() || !label->is_number_integer() || label->get<int64_t>() < 0 ||
      label->get<size_t>() >= item.choices.size())
    fail(origin, ": expected an index of 'choices' under 'label'");
  item.label = label->get<size_t>();
}

static TaskItem readItem(const Json &object, TaskKind kind, size_t number, const std::string &origin) {
  TaskItem item;
  item.id = object.contains("id") ? textField(object, "id", origin) : std::to_string(number);
  item.prompt = textField(object, "prompt", origin);
  if (kind == TaskKind::MultipleChoice)
    readChoices(object, item, origin);
  else
    item.answer = textField(object, "answer", origin);
  if (auto length = object.find("length"); length != object.end()) {
    if (!length->is_number_integer())
      fail(origin, ": expected a whole number under 'length', found ", length->dump());
    item.length = length->get<int64_t>();
  }
  if (auto depth = object.find("depth"); depth != object.end()) {
    if (!depth->is_number() || !(depth->get<double>() >= 0 && depth->get<double>() <= 1))
      fail(origin, ": expected a number from 0 to 1 under 'depth', found ", depth->dump());
    item.depth = depth->get<double>();
  }
  return item;
}

double Task::chance() const {
  double sum = 0;
  for (const TaskItem &item : items)
    sum += item.choices.empty() ? 0 : 1 / double(item.choices.size());
  return items.empty() ? 0 : sum / double(items.size());
}

Task loadTask(const fs::path &file, size_t limit) {
  Task task;
  task.name = file.stem().string();
  std::string text = plainText(readGivenFile(file), file.string());
  size_t number = 0;
  for (size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    ++number;
    std::string_view line(text.data() + begin, end - begin);
    if (line.find_first_not_of(" \t") == line.npos)
      continue;
    std::string origin = file.string() + ":" + std::to_string(number);
    Json object = parseJson(line, origin);
    if (!object.is_object())
      fail(origin, ": expected an object, found ", object.type_name());
    TaskKind kind = kindOf(object, origin);
    if (task.allItems == 0)
      task.kind = kind;
    else if (kind != task.kind)
      fail(origin, ": expected an item with the fields of the first one");
    ++task.allItems;
    if (limit == 0 || task.items.size() < limit)
      task.items.push_back(readItem(object, kind, number, origin));
  }
  if (task.items.empty())
    fail(file.string(), ": expected at least one item, found none");
  return task;
}

} // namespace xlstm
