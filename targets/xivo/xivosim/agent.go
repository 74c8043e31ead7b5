package xivosim

// Agent is a call-center agent. Confd has no API for it: the web interface's
// agents service makes, edits and deletes them.
type Agent struct {
	ID          int    `json:"id"`
	Number      string `json:"number"`
	Firstname   string `json:"firstname"`
	Lastname    string `json:"lastname"`
	Password    string `json:"passwd"`
	Context     string `json:"context"`
	Language    string `json:"language"`
	Group       int    `json:"numgroup"`
	AutoLogoff  int    `json:"autologoff"`
	Description string `json:"description"`
}

// AddAgent makes an agent behind every API's back and returns its id.
func (s *Sim) AddAgent(a Agent) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.ID = s.content.agents.newID()
	s.content.agents.put(a.ID, &a)
	s.content.commit()
	return a.ID
}
