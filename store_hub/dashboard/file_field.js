// A file from this machine: a labelled field that the keyboard reaches, or a place to drop one. Sent at once; what became of it is said beside it.
export default {
  template: `
    <div class="file-field">
      <label class="button" @dragover.prevent @drop.prevent="send($event.dataTransfer.files)">
        <input type="file" class="visually-hidden" ref="field" :aria-describedby="describedBy" @change="send($event.target.files)" />{{ label }}
      </label>
      <span class="small soft" role="status">{{ said }}</span>
    </div>`,
  props: { url: String, label: String, describedBy: String, maxFileSize: Number, tooLarge: String, sending: String, failed: String },
  data: () => ({ said: "" }),
  methods: {
    async send(files) {
      const [file] = files;
      if (!file) return;
      if (file.size > this.maxFileSize) return this.reset(this.tooLarge);
      const form = new FormData();
      form.append("file", file, file.name);
      this.said = this.sending;
      try {
        const answer = await fetch((window.path_prefix || "") + this.url, { method: "POST", body: form });
        this.reset(answer.ok ? file.name : this.failed);
      } catch {
        this.reset(this.failed);
      }
    },
    reset(said) {
      this.$refs.field.value = ""; // The same file may be chosen again once it is mended.
      this.said = said;
    },
  },
};
