"use strict";
const PROBLEMS = {
  wrong: () => t("That is not the code. Look at the terminal again."),
  wait: () => t("Too fast after wrong codes. Wait some seconds, then try again."),
  used: () => t("This code was used already. Start the command again for a new one."),
  dead: () => t("Too many wrong codes. Start the command again for a new one."),
  expired: () => t("The code has expired. Start the command again for a new one."),
  ended: () => t("The page has ended, or the device cannot be reached. Start the command again; what was not saved is lost."),
};
addEventListener("DOMContentLoaded", () => {
  const problem = document.getElementById("problem");
  document.getElementById("enter").addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      await ask("POST", "/enter", { code: document.getElementById("code").value });
      location.replace("/");
    } catch (error) {
      problem.textContent = (PROBLEMS[error.told && error.told.problem] || PROBLEMS.ended)();
      document.getElementById("code").select();
    }
  });
});
