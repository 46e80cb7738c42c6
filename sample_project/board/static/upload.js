// Sends the file itself as the body, not a form around it: the server writes it as it arrives.

const form = document.getElementById("upload");
const result = document.getElementById("result");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = form.elements.file.files[0];
  const name = file.name.replace(/[^A-Za-z0-9._-]/g, "-").slice(-80).replace(/^\.+/, "") || "file";
  result.textContent = "…";
  try {
    const response = await fetch(form.dataset.url.replace("NAME", () => name), {
      method: "PUT",
      headers: { "X-XSRFToken": form.dataset.xsrf },
      body: file,
    });
    if (!response.ok) throw new Error(response.statusText);
    const { url, size } = await response.json();
    const link = document.createElement("a");
    link.href = url;
    link.textContent = new URL(url, location.href).href;
    result.replaceChildren(link, ` (${size} bytes)`);
  } catch (problem) {
    result.textContent = `The upload has failed: ${problem.message}`;
  }
});
