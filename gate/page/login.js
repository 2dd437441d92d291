// Asks for the password; the answer is a cookie that scripts cannot read.

const byId = (id) => document.getElementById(id);

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ password: byId("password").value });
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch("login", { method: "POST", headers, body });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    byId("said").textContent = (await answer.json()).problem;
  } catch {
    byId("said").textContent = "The gate does not answer.";
  }
  byId("password").select();
});
